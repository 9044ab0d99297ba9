import { sframeCiphers } from "@qpc/crypto/node"
import { equalBytes, fromUtf8, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeHeader, encodeHeader } from "./header.ts"
import { decodeMlsKid, encodeMlsKid } from "./mls-kid.ts"
import { SFrameSender } from "./sframe-sender.ts"
import { SFrameSession } from "./sframe-session.ts"
import type { SFrameLimits } from "./sframe-session.ts"

const cipher = sframeCiphers.get(4)!
const MEMBERS = 4

/** What the group exports; another one for each epoch. */
function baseKey(epoch: bigint): Uint8Array {
  return new Uint8Array(32).fill(Number(epoch % 251n) + 1)
}

interface Seat {
  readonly context?: bigint
  readonly limits?: Partial<SFrameLimits>
}

function sessionAt(
  ownLeafIndex: number | undefined,
  epoch: bigint,
  { context = 0n, limits = {} }: Seat = {},
): SFrameSession {
  const session = new SFrameSession({ cipher, context, limits })
  enter(session, ownLeafIndex, epoch, 0)
  return session
}

const isMember = (leafIndex: number): boolean => leafIndex < MEMBERS

function enter(
  session: SFrameSession,
  ownLeafIndex: number | undefined,
  epoch: bigint,
  nowMs: number,
  sealAfterMs = 0,
): void {
  session.enterEpoch({ epoch, baseKey: baseKey(epoch), ownLeafIndex, isMember, sealAfterMs }, nowMs)
}

function outcome(session: SFrameSession, frame: Uint8Array, nowMs = 0, metadata?: Uint8Array): string {
  const decrypted = session.open(frame, nowMs, metadata)
  return decrypted.kind === "frame" ? (fromUtf8(decrypted.plaintext) ?? "no text") : decrypted.reason
}

function isZero(key: Uint8Array): boolean {
  return equalBytes(key, new Uint8Array(32))
}

describe("a session", () => {
  it("carries a frame to the others, and says whose key, which epoch and which number it has", () => {
    const [alice, bob] = [sessionAt(0, 7n), sessionAt(1, 7n)]
    alice.seal(toUtf8("one"))
    expect(bob.open(alice.seal(toUtf8("two")), 0)).toEqual({
      kind: "frame",
      epoch: 7n,
      leafIndex: 0,
      context: 0n,
      counter: 1n,
      plaintext: toUtf8("two"),
    })
  })

  it("needs four bytes of header for a member of a small group in its first 256 frames, and hides nothing in them", () => {
    const frame = sessionAt(3, 70_000n).seal(toUtf8("x"))
    const header = decodeHeader(frame)
    expect(header.lengthBytes).toBe(4)
    expect(decodeMlsKid(header.kid)).toEqual({ context: 0n, leafIndex: 3, epochBits: 70_000 % 65_536 })
  })

  it("opens each frame once, in any order within the window", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const frames = Array.from({ length: 1100 }, (_, at) => alice.seal(toUtf8(`${at}`)))
    expect(outcome(bob, frames[1099]!)).toBe("1099")
    expect(outcome(bob, frames[76]!)).toBe("76")
    expect(outcome(bob, frames[75]!)).toBe("late")
    expect(outcome(bob, frames[76]!)).toBe("replayed")
    expect(outcome(bob, frames[1099]!)).toBe("replayed")
  })

  it("lets no forged frame use up a number", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const frame = alice.seal(toUtf8("real"))
    const forged = Uint8Array.of(
      ...encodeHeader({ kid: decodeHeader(frame).kid, counter: 2n ** 50n }),
      ...frame.subarray(4),
    )
    expect(outcome(bob, forged)).toBe("auth_failed")
    expect(outcome(bob, frame.with(frame.length - 1, frame.at(-1)! ^ 1))).toBe("auth_failed")
    expect(outcome(bob, frame)).toBe("real")
  })

  it("drops whatever differs in one bit, and takes the frame itself after all of them", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const frame = alice.seal(toUtf8("bits"))
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const changed = frame.with(bit >> 3, frame[bit >> 3]! ^ (1 << (bit & 7)))
      expect(bob.open(changed, 0).kind).toBe("dropped")
    }
    expect(outcome(bob, frame)).toBe("bits")
  })

  it("has an outcome for any bytes", () => {
    const bob = sessionAt(1, 1n)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(bob.open(bytes, 0).kind).toBe("dropped")
      }),
    )
  })

  it("binds metadata, which it does not send", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const frame = alice.seal(toUtf8("text"), toUtf8("track 1"))
    expect(outcome(bob, frame)).toBe("auth_failed")
    expect(outcome(bob, frame, 0, toUtf8("track 2"))).toBe("auth_failed")
    expect(outcome(bob, frame, 0, toUtf8("track 1"))).toBe("text")
  })

  it.each([
    ["an empty frame", () => new Uint8Array(0), "malformed"],
    ["a header that is cut off", () => Uint8Array.of(0x99, 1), "malformed"],
    ["one above the limit", () => new Uint8Array(101), "too_large"],
    ["one of an epoch that has not begun", () => sessionAt(0, 2n).seal(toUtf8("x")), "unknown_epoch"],
    ["one under the leaf of nobody", () => sessionAt(MEMBERS, 1n).seal(toUtf8("x")), "unknown_sender"],
    ["one of ours", () => sessionAt(1, 1n).seal(toUtf8("x")), "own_frame"],
  ])("drops %s", (_, frame, reason) => {
    expect(outcome(sessionAt(1, 1n, { limits: { frameBytes: 100 } }), frame())).toBe(reason)
  })

  it("tells several streams of one member apart, up to a limit that forged ones do not count against", () => {
    const bob = sessionAt(1, 1n, { limits: { contextsPerMember: 2 } })
    const streams = [0n, 1n, 2n].map((context) => sessionAt(0, 1n, { context }))
    for (let context = 100n; context < 110n; context++) {
      const header = encodeHeader({ kid: encodeMlsKid({ context, leafIndex: 0, epochBits: 1 }), counter: 0n })
      expect(outcome(bob, Uint8Array.of(...header, ...new Uint8Array(20)))).toBe("auth_failed")
    }
    expect(streams.map((one) => outcome(bob, one.seal(toUtf8("stream"))))).toEqual([
      "stream",
      "stream",
      "too_many_contexts",
    ])
  })

  it("hears our own other device, which has a context of its own", () => {
    expect(outcome(sessionAt(0, 1n, { context: 1n }), sessionAt(0, 1n).seal(toUtf8("mine")))).toBe("mine")
  })
})

describe("a change of epoch", () => {
  it("encrypts under the new one at once, and takes late frames of the old one for ten seconds", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const [soon, late, last] = ["soon", "late", "last"].map((text) => alice.seal(toUtf8(text)))
    enter(alice, 0, 2n, 1000)
    enter(bob, 1, 2n, 1000)
    expect(bob.wakeAtMs).toBe(11_000)
    expect(bob.keptEpochs).toEqual([1n, 2n])
    expect(outcome(bob, alice.seal(toUtf8("new")), 1000)).toBe("new")
    expect(outcome(bob, soon!, 1000)).toBe("soon")
    expect(outcome(bob, late!, 10_999)).toBe("late")
    expect(outcome(bob, last!, 11_000)).toBe("unknown_epoch")
    expect(bob.keptEpochs).toEqual([2n])
    expect(bob.wakeAtMs).toBeUndefined()
  })

  it("keeps three epochs before, however fast they change", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    const frames = [alice.seal(toUtf8("epoch 1"))]
    for (let epoch = 2n; epoch <= 5n; epoch++) {
      enter(alice, 0, epoch, 0)
      enter(bob, 1, epoch, 0)
      frames.push(alice.seal(toUtf8(`epoch ${epoch}`)))
    }
    expect(frames.map((frame) => outcome(bob, frame))).toEqual([
      "unknown_epoch",
      ...[2, 3, 4, 5].map((epoch) => `epoch ${epoch}`),
    ])
  })

  it("forgets an old epoch whose low bits come again", () => {
    const bob = sessionAt(1, 1n)
    const old = sessionAt(0, 1n).seal(toUtf8("old"))
    enter(bob, 1, 65_537n, 0)
    expect(outcome(bob, old)).toBe("auth_failed")
    expect(outcome(bob, sessionAt(0, 65_537n).seal(toUtf8("new")))).toBe("new")
  })

  it("may go on encrypting under the one before for a while, and decrypts both", () => {
    const [alice, bob] = [sessionAt(0, 1n), sessionAt(1, 1n)]
    enter(alice, 0, 2n, 1000, 200)
    expect([alice.epoch, alice.sealingEpoch, alice.wakeAtMs]).toEqual([2n, 1n, 1200])
    expect(outcome(bob, alice.seal(toUtf8("still old")), 1100)).toBe("still old")
    alice.tick(1199)
    expect(alice.sealingEpoch).toBe(1n)
    enter(bob, 1, 2n, 1150)
    expect(outcome(alice, bob.seal(toUtf8("new")), 1199)).toBe("new")
    alice.tick(1200)
    expect([alice.sealingEpoch, alice.wakeAtMs]).toEqual([2n, 11_000])
    expect(outcome(bob, alice.seal(toUtf8("now new")), 1200)).toBe("now new")
  })

  it("is never more than one behind, however fast they change", () => {
    const alice = sessionAt(0, 1n)
    const sealedIn = [2n, 3n, 4n].map((epoch) => {
      enter(alice, 0, epoch, 1000, 200)
      return alice.sealingEpoch
    })
    expect(sealedIn).toEqual([1n, 2n, 3n])
    enter(alice, 0, 5n, 1100)
    expect(alice.sealingEpoch).toBe(5n)
  })

  it("is encrypted under at once by whoever was not in the one before, and by nobody who is no member any more", () => {
    const joiner = new SFrameSession({ cipher, context: 0n })
    enter(joiner, 0, 5n, 0, 200)
    expect(joiner.sealingEpoch).toBe(5n)
    enter(joiner, undefined, 6n, 0, 200)
    expect(joiner.sealingEpoch).toBeUndefined()
    expect(() => joiner.seal(toUtf8("x"))).toThrow(TypeError)
    enter(joiner, 0, 7n, 0, 200)
    expect(joiner.sealingEpoch).toBe(7n)
  })

  it("is not put off until nobody would decrypt the one before", () => {
    const session = sessionAt(0, 1n)
    for (const sealAfterMs of [10_000, -1, Number.NaN]) {
      expect(() => enter(session, 0, 2n, 0, sealAfterMs)).toThrow(RangeError)
    }
    expect(session.epoch).toBe(1n)
  })

  it("goes forward only, and only where our leaf has a key id; nothing changes otherwise", () => {
    const session = sessionAt(0, 5n)
    for (const epoch of [5n, 4n]) expect(() => enter(session, 0, epoch, 0)).toThrow(RangeError)
    expect(() => enter(session, 2 ** 16, 6n, 0)).toThrow(/65536 leaves/)
    expect(session.epoch).toBe(5n)
    expect(outcome(sessionAt(1, 5n), session.seal(toUtf8("still")))).toBe("still")
  })

  it("lets nobody send who is no member any more, and still hears", () => {
    const session = sessionAt(0, 1n)
    enter(session, undefined, 2n, 0)
    expect(() => session.seal(toUtf8("x"))).toThrow(TypeError)
    expect(outcome(session, sessionAt(1, 2n).seal(toUtf8("hello")))).toBe("hello")
  })

  it("zeroes the base key of an epoch that is over, and all of them at the end", () => {
    const session = new SFrameSession({ cipher, context: 0n })
    const keys = [1n, 2n, 3n].map(baseKey)
    for (const [at, key] of keys.entries()) {
      session.enterEpoch({ epoch: BigInt(at + 1), baseKey: key, ownLeafIndex: 0, isMember: () => true }, at)
    }
    session.tick(10_001)
    expect(keys.map(isZero)).toEqual([true, false, false])
    session[Symbol.dispose]()
    expect(keys.map(isZero)).toEqual([true, true, true])
    expect(() => session.seal(toUtf8("x"))).toThrow(TypeError)
  })
})

describe("a sender", () => {
  const options = { cipher, kid: 1n, baseKey: new Uint8Array(16) }

  it("never uses a counter twice and stops at the limit", () => {
    const sender = new SFrameSender({ ...options, firstCounter: 5n, framesLimit: 7n })
    const counters = [1, 2].map(() => decodeHeader(sender.seal(new Uint8Array(0))).counter)
    expect(counters).toEqual([5n, 6n])
    expect(() => sender.seal(new Uint8Array(0))).toThrow(expect.objectContaining({ code: "sframe_limit" }))
    expect(sender.nextCounter).toBe(7n)
  })

  it("has nothing left after it was disposed of", () => {
    const sender = new SFrameSender(options)
    sender[Symbol.dispose]()
    expect(() => sender.seal(new Uint8Array(0))).toThrow(TypeError)
  })
})

import { createHash } from "node:crypto"
import { expectNonceReuse } from "@qpc/crypto/conformance"
import { chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import { fromHex, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ChaCha20Poly1305, ExportSecret } from "./class-keys.ts"
import { NONCE_REUSE_RISK, Profile1Endpoint } from "./endpoint.ts"
import type { Profile1Options, ReceivedFrame1 } from "./endpoint.ts"
import { decodeFrame1, encodeFrame1 } from "./frame.ts"
import type { Profile1Frame } from "./frame.ts"

const GROUP = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))

const aead: ChaCha20Poly1305 = { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open }
/** Stands in for MLS-Exporter: what matters is that it is the same for all members of an epoch. */
const exportOf =
  (epoch: bigint): ExportSecret =>
  (label, context, lengthBytes) =>
    new Uint8Array(
      createHash("sha256")
        .update(`${epoch}/${label}/${toHex(context)}`)
        .digest(),
    ).slice(0, lengthBytes)

const isMember = (memberId: number) => memberId < 10
function member(memberId: number, changes: Partial<Profile1Options> = {}): Profile1Endpoint {
  const endpoint = new Profile1Endpoint({
    groupId: GROUP,
    memberId,
    isMember,
    aead,
    acceptedRisk: NONCE_REUSE_RISK,
    ...changes,
  })
  endpoint.enterEpoch({ epoch: 5n, transitionId: 3, exportSecret: exportOf(5n) })
  return endpoint
}
function sent(from: Profile1Endpoint, text: string): Uint8Array {
  const framed = from.send({ streamType: "text", payload: toUtf8(text) })
  if (framed.kind !== "frame") throw new Error(framed.reason)
  return framed.bytes
}
const rewritten = (bytes: Uint8Array, changes: Partial<Profile1Frame>) =>
  encodeFrame1({ ...decodeFrame1(bytes)!, ...changes })
const xor = (x: Uint8Array, y: Uint8Array) => x.slice(0, 14).map((byte, at) => byte ^ y[at]!)
const reason = (received: ReceivedFrame1) => (received.kind === "drop" ? received.reason : received.kind)

describe("a frame of profile 1", () => {
  const frame: Profile1Frame = {
    groupId: GROUP,
    epoch: 42n,
    transitionId: 7,
    streamType: 2,
    streamId: 201,
    flags: 7,
    sequence: 1,
    payloadBytes: 2,
    sealed: fromHex("aabb"),
    payloadFormat: 0,
  }
  const WRITTEN =
    "aa617601636769645000010203040506070809" +
    "0a0b0c0d0e0f626570182a6374696407627374026373696418c962666c0763736571016370737a0262706c42aabb"

  it("is the map v, gid, ep, tid, st, sid, fl, seq, psz, pl", () => {
    expect(toHex(encodeFrame1(frame))).toBe(WRITTEN)
    expect(decodeFrame1(fromHex(WRITTEN))).toEqual(frame)
  })

  it("ends with pf where the payload is not CBOR", () => {
    expect(toHex(encodeFrame1({ ...frame, payloadFormat: 2 }))).toBe(`ab${WRITTEN.slice(2)}62706602`)
    expect(() => decodeFrame1(fromHex(`ab${WRITTEN.slice(2)}62706600`))).toThrow("not_minimal")
    expect(() => decodeFrame1(fromHex(`ab${WRITTEN.slice(2)}62706603`))).toThrow("reserved_value")
  })
})

describe("profile 1 between two members", () => {
  it("carries a payload with the name that its stream claims", () => {
    const [alice, bob] = [member(1), member(2)]
    expect(bob.receive(sent(alice, "hello"))).toEqual({
      kind: "payload",
      streamType: "text",
      claimedMemberId: 1,
      streamId: 101,
      sequence: 1,
      flags: 7,
      transitionId: 3,
      payloadFormat: 0,
      plaintext: toUtf8("hello"),
    })
  })

  it("seals under the exported key of the stream type, with the number as nonce and nothing else", () => {
    const key = exportOf(5n)("gbp/text", new Uint8Array(0), 32)
    const { sealed } = decodeFrame1(sent(member(1), "hello"))!
    expect(aead.open(key, fromHex("000000010000000000000000"), new Uint8Array(0), sealed)).toEqual(toUtf8("hello"))
  })

  it("takes a frame once, and late ones within the window", () => {
    const [alice, bob] = [member(1), member(2)]
    const [first, second] = [sent(alice, "1"), sent(alice, "2")]
    expect([second, first, second, first].map((bytes) => reason(bob.receive(bytes)))).toEqual([
      "payload",
      "payload",
      "replay_detected",
      "replay_detected",
    ])
  })

  it("lets no forged frame silence a sender, unlike the published stack", () => {
    const [alice, bob] = [member(1), member(2)]
    const bytes = sent(alice, "hello")
    expect(reason(bob.receive(rewritten(bytes, { sequence: 0xffff_ffff })))).toBe("decrypt_failed")
    expect(reason(bob.receive(bytes))).toBe("payload")
  })

  it("begins its numbers anew with each epoch, and goes on from stored ones within it", () => {
    const alice = member(1)
    sent(alice, "1")
    const again = member(1)
    again.restoreSequences(alice.lastSequences)
    expect(decodeFrame1(sent(again, "2"))!.sequence).toBe(2)
    again.enterEpoch({ epoch: 6n, transitionId: 4, exportSecret: exportOf(6n) })
    expect(decodeFrame1(sent(again, "3"))!.sequence).toBe(1)
    sent(again, "4")
    expect(() => again.restoreSequences(new Map([["text", 1]]))).toThrow(RangeError)
    expect(() => again.enterEpoch({ epoch: 6n, transitionId: 4, exportSecret: exportOf(6n) })).toThrow(RangeError)
  })

  it("takes stored numbers only into an epoch, which would begin at 1 otherwise", () => {
    const alice = new Profile1Endpoint({ groupId: GROUP, memberId: 1, isMember, aead })
    expect(() => alice.restoreSequences(new Map([["text", 7]]))).toThrow(TypeError)
  })

  const DROPPED: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ["malformed", () => fromHex("ff")],
    ["too_large", () => new Uint8Array(1024 * 1024 + 1)],
    ["unsupported_version", () => fromHex("a1617602")],
    ["unknown_group", (bytes) => rewritten(bytes, { groupId: toGroupId(new Uint8Array(16)) })],
    ["epoch_in_future", (bytes) => rewritten(bytes, { epoch: 6n })],
    ["epoch_too_old", (bytes) => rewritten(bytes, { epoch: 4n })],
    ["malformed_content", (bytes) => rewritten(bytes, { payloadBytes: 1 })],
    ["unknown_stream_type", (bytes) => rewritten(bytes, { streamType: 4 })],
    ["sender_mismatch", (bytes) => rewritten(bytes, { streamId: 102 })],
    ["sender_mismatch", (bytes) => rewritten(bytes, { streamId: 1001 })],
    ["transition_mismatch", (bytes) => rewritten(bytes, { flags: 0x17, transitionId: 2 })],
    ["decrypt_failed", (bytes) => rewritten(bytes, { streamType: 3, streamId: 103 })],
    ["decrypt_failed", (bytes) => rewritten(bytes, { sealed: new Uint8Array(3), payloadBytes: 3 })],
  ]
  it.each(DROPPED)("drops what is %s, and nothing changes", (expected, change) => {
    const [alice, bob] = [member(1), member(2)]
    const bytes = sent(alice, "hello")
    expect(reason(bob.receive(change(bytes)))).toBe(expected)
    expect(reason(bob.receive(bytes))).toBe("payload")
  })

  it("returns for any bytes at all", () => {
    const bytes = sent(member(1), "hello")
    const mutated = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const copy = bytes.slice()
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), mutated), (input) => {
        expect(["payload", "drop"]).toContain(member(2).receive(input).kind)
      }),
      { numRuns: 1000 },
    )
  })
})

/** Each defect of profile 1 that is in its bytes, so that nobody can say they were not told. */
describe("what profile 1 cannot mend", () => {
  it("seals two members' frames of one number under one key and nonce", () => {
    const [fromAlice, fromBob] = expectNonceReuse("all members have the same key, and each counts for itself", () => {
      return [sent(member(1), "attack at dawn"), sent(member(2), "retreat at six")] as const
    })
    const [a, b] = [decodeFrame1(fromAlice)!.sealed, decodeFrame1(fromBob)!.sealed]
    expect(xor(a, b)).toEqual(xor(toUtf8("attack at dawn"), toUtf8("retreat at six")))
  })

  it("lets whoever carries a frame give it to another member", () => {
    const bytes = rewritten(sent(member(1), "I resign"), { streamId: 301 })
    expect(member(2).receive(bytes)).toMatchObject({
      kind: "payload",
      claimedMemberId: 3,
      plaintext: toUtf8("I resign"),
    })
  })

  it("lets whoever carries a frame replay it, as another member's", () => {
    const bob = member(2)
    const bytes = sent(member(1), "pay 10")
    expect([bytes, rewritten(bytes, { streamId: 301 })].map((one) => reason(bob.receive(one)))).toEqual([
      "payload",
      "payload",
    ])
  })
})

describe("profile 1 where frames and keys change epochs apart", () => {
  it("goes on with its numbers under the same keys, and takes those of others from 1", () => {
    const [alice, bob] = [member(1), member(2)]
    bob.receive(sent(alice, "1"))
    for (const one of [alice, bob]) one.enterEpochUnderSameKeys({ epoch: 6n, transitionId: 4 })
    const bytes = sent(alice, "2")
    expect(decodeFrame1(bytes)).toMatchObject({ epoch: 6n, transitionId: 4, sequence: 2 })
    expect(reason(bob.receive(rewritten(bytes, { sequence: 1 })))).toBe("decrypt_failed")
    expect(reason(bob.receive(bytes))).toBe("payload")
    expect(() => alice.enterEpochUnderSameKeys({ epoch: 6n, transitionId: 4 })).toThrow(RangeError)
  })

  it("takes a number once per epoch of frames, whatever keys it is under", () => {
    const [alice, bob] = [member(1), member(2)]
    const old = sent(alice, "1")
    bob.receive(old)
    for (const one of [alice, bob]) one.rekey(exportOf(6n))
    expect(reason(bob.receive(old))).toBe("decrypt_failed")
    const bytes = sent(alice, "2")
    expect(decodeFrame1(bytes)).toMatchObject({ epoch: 5n, sequence: 2 })
    expect(reason(bob.receive(bytes))).toBe("payload")
  })

  it("still refuses to be the second sender under keys that stay", () => {
    const careful = { acceptedRisk: undefined } as unknown as Partial<Profile1Options>
    const [alice, bob] = [member(1, careful), member(2, careful)]
    bob.receive(sent(alice, "1"))
    bob.enterEpochUnderSameKeys({ epoch: 6n, transitionId: 4 })
    expect(bob.send({ streamType: "text", payload: toUtf8("2") })).toEqual({ kind: "refused", reason: "nonce_reuse" })
    bob.rekey(exportOf(6n))
    expect(bob.send({ streamType: "text", payload: toUtf8("2") }).kind).toBe("frame")
  })
})

describe("profile 1 without the risk accepted", () => {
  const careful = { acceptedRisk: undefined } as unknown as Partial<Profile1Options>

  it("works for one sender on a stream type", () => {
    const [alice, bob] = [member(1, careful), member(2, careful)]
    expect([sent(alice, "1"), sent(alice, "2")].map((bytes) => reason(bob.receive(bytes)))).toEqual([
      "payload",
      "payload",
    ])
  })

  it("refuses to be the second sender", () => {
    const [alice, bob] = [member(1, careful), member(2, careful)]
    bob.receive(sent(alice, "1"))
    expect(bob.send({ streamType: "text", payload: toUtf8("2") })).toEqual({ kind: "refused", reason: "nonce_reuse" })
    expect(bob.send({ streamType: "signal", payload: toUtf8("2") }).kind).toBe("frame")
  })

  it("refuses to hear a second sender", () => {
    const bob = member(2, careful)
    const others = expectNonceReuse("the others took the risk", () => [sent(member(1), "1"), sent(member(3), "2")])
    expect(others.map((bytes) => reason(bob.receive(bytes)))).toEqual(["payload", "nonce_reuse"])
  })

  it("begins anew with each epoch", () => {
    const [alice, bob] = [member(1, careful), member(2, careful)]
    bob.receive(sent(alice, "1"))
    bob.enterEpoch({ epoch: 6n, transitionId: 4, exportSecret: exportOf(6n) })
    expect(bob.send({ streamType: "text", payload: toUtf8("2") }).kind).toBe("frame")
  })
})

describe("the end of an epoch", () => {
  it("zeroes its keys", () => {
    const exported: Uint8Array[] = []
    const alice = member(1)
    const exportSecret: ExportSecret = (label, context, lengthBytes) => {
      exported.push(exportOf(6n)(label, context, lengthBytes))
      return exported.at(-1)!
    }
    alice.enterEpoch({ epoch: 6n, transitionId: 4, exportSecret })
    sent(alice, "1")
    alice.send({ streamType: "signal", payload: toUtf8("2") })
    expect(exported).toHaveLength(2)
    alice[Symbol.dispose]()
    expect(exported.every((key) => key.every((byte) => byte === 0))).toBe(true)
    expect(() => sent(alice, "3")).toThrow(TypeError)
  })
})

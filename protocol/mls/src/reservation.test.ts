import { expectNonceReuse } from "@qpc/crypto/conformance"
import { decodeWhole, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { GroupState } from "./group-state.ts"
import { Group } from "./group.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { policyWith } from "./policy.ts"
import {
  assertReserved,
  encodeReservation,
  hasSent,
  NO_RESERVATION,
  readReservation,
  reserve,
  RESERVED_KEY,
  resume,
} from "./reservation.ts"
import type { Reservation } from "./reservation.ts"
import { craft } from "./testing/insider.ts"
import { outcomeOf, Party } from "./testing/party.ts"
import { generationOf } from "./testing/sender-data-of.ts"

const NO_DATA = new Uint8Array(0)
const policy = { requireReservations: true, proposals: true }

/** What a member has stored: perhaps not of the same time. */
interface Stored {
  readonly state: Uint8Array
  readonly record: Uint8Array | undefined
}

function wake(party: Party, name: string, { state, record }: Stored): Group {
  const surroundings = { signatureKeys: party.keysOf(name), policy }
  return Group.fromBytes(party.suite, state, { ...surroundings, ...(record && { reservation: record }) })
}

/** Always the same "random" bytes: the worst there can be for whoever counts on the reuse guard. */
const stuck = (lengthBytes: number): Uint8Array => new Uint8Array(lengthBytes)

const say = (group: Group, text: string): Uint8Array =>
  group.protect(toUtf8(text), { authenticatedData: NO_DATA, random: stuck })

const generation = (party: Party, message: Uint8Array): number => {
  const decoded = decodeMlsMessage(message)
  if (decoded.kind !== "private_message") throw new Error(decoded.kind)
  return generationOf(party.insidesOf("bob"), decoded.message)
}

describe("reserved generations", () => {
  it("are skipped by an old state, so that nothing it sends repeats a key and nonce, even without randomness", () => {
    const party = Party.of("old state", ["alice", "bob"])
    const old = party.group("alice").toBytes()
    const alice = wake(party, "alice", { state: old, record: party.group("alice").reserve({ application: 4 }) })
    const record = alice.reserve({ application: 4 })
    const sent = [say(alice, "0"), say(alice, "1")]
    const restored = wake(party, "alice", { state: old, record })
    restored.reserve({ application: 4 })
    sent.push(say(restored, "2"))
    expect(sent.map((message) => generation(party, message))).toEqual([4, 5, 8])
    expect(sent.map((message) => party.hear("bob", message))).toEqual(["0", "1", "2"])
  })

  it("are what the monitor would have caught: without them the old state repeats itself", () => {
    const party = Party.of("no reservation", ["alice", "bob"])
    const state = party.group("alice").toBytes()
    const surroundings = { signatureKeys: party.keysOf("alice") }
    const copies = [1, 2].map(() => Group.fromBytes(party.suite, state, surroundings))
    say(copies[0] ?? party.group("alice"), "one")
    const reuse = expect.objectContaining({ code: "nonce_reused" })
    expectNonceReuse("this is what reservations prevent", () => {
      expect(() => say(copies[1] ?? party.group("alice"), "two")).toThrow(reuse)
    })
  })

  it("keep a clone that starts from the newest record away from what the original uses", () => {
    const party = Party.of("clone", ["alice", "bob"])
    const state = party.group("alice").toBytes()
    const first = party.group("alice").reserve({ application: 3, handshake: 1 })
    const original = wake(party, "alice", { state, record: first })
    const second = original.reserve({ application: 3, handshake: 1 })
    const clone = wake(party, "alice", { state, record: second })
    clone.reserve({ application: 3, handshake: 1 })
    const sent = [say(original, "a"), say(clone, "b"), say(original, "c"), say(clone, "d")]
    expect(sent.map((message) => generation(party, message))).toEqual([3, 6, 4, 7])
  })

  it("hold for proposals and commits too: a crash between sending and saving repeats none", () => {
    const party = Party.of("handshake", ["alice", "bob"])
    const old = party.group("alice").toBytes()
    const first = party.group("alice").reserve({ handshake: 2 })
    const alice = wake(party, "alice", { state: old, record: first })
    const record = alice.reserve({ handshake: 2 })
    const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
    const lost = alice.stageCommit(options)
    const restored = wake(party, "alice", { state: old, record })
    restored.reserve({ handshake: 1 })
    const again = restored.stageCommit(options)
    if (lost.kind === "refused" || again.kind === "refused") throw new Error("refused")
    expect([lost.commit, again.commit].map((commit) => generation(party, commit))).toEqual([2, 4])
    expect(party.hear("bob", again.commit)).toBe("commit")
  })

  it("have to be reserved before anything leaves, where the policy says so; a refused call uses nothing up", () => {
    const party = Party.of("required", ["alice", "bob"])
    const alice = wake(party, "alice", {
      state: party.group("alice").toBytes(),
      record: party.group("alice").reserve({}),
    })
    const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
    const before = alice.toBytes()
    expect(() => say(alice, "unreserved")).toThrow(TypeError)
    expect(() => alice.stageCommit(options)).toThrow(TypeError)
    expect(() => alice.propose({ kind: "update" }, options)).toThrow(TypeError)
    expect(alice.toBytes()).toEqual(before)
    alice.reserve({ application: 1 })
    say(alice, "reserved")
    expect(() => say(alice, "one too many")).toThrow(TypeError)
    expect(alice.stageCommit({ ...options, wireFormat: "public" }).kind).toBe("staged")
  })

  it("belong to an epoch: the next one begins with none", () => {
    const party = Party.of("epochs", ["alice", "bob"])
    const alice = wake(party, "alice", {
      state: party.group("alice").toBytes(),
      record: party.group("alice").reserve({ application: 9 }),
    })
    const received = alice.receive(party.stage("bob").commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    alice.merge(received.staged)
    expect(() => say(alice, "not yet")).toThrow(TypeError)
    alice.reserve({ application: 1 })
    expect(say(alice, "now").length).toBeGreaterThan(0)
  })
})

describe("a state that is older than the epoch of its record", () => {
  it("does not speak until it has followed the group there, and then skips what it may have used", () => {
    const party = Party.of("behind", ["alice", "bob"])
    const old = party.group("alice").toBytes()
    const { commit } = party.commit("bob")
    const record = party.group("alice").reserve({ application: 5 })
    const alice = wake(party, "alice", { state: old, record })
    expect(alice.isBehind).toBe(true)
    expect(() => say(alice, "again")).toThrow(TypeError)
    expect(() => alice.reserve({ application: 1 })).toThrow(TypeError)
    const received = alice.receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    alice.merge(received.staged)
    expect(alice.isBehind).toBe(false)
    alice.reserve({ application: 1 })
    const message = say(alice, "caught up")
    expect([generation(party, message), party.hear("bob", message)]).toEqual([5, "caught up"])
  })
})

describe("a record that does not fit", () => {
  const party = Party.of("records", ["alice", "bob"])
  const alice = party.group("alice")
  const older = alice.reserve({ application: 1 })
  const newer = alice.reserve({ application: 1, handshake: 1 })
  const state = alice.toBytes()
  const code = (record: Uint8Array | undefined): string => {
    try {
      return String(wake(party, "alice", { state, record }).epoch)
    } catch (error) {
      return String((error as { readonly code?: unknown }).code)
    }
  }

  it("is noticed where it was rolled back, is missing, is of another group, or is none", () => {
    const foreign = Party.of("foreign", ["alice"]).group("alice").reserve({ application: 9 })
    expect([newer, older, undefined, foreign].map(code)).toEqual([
      "1",
      "reservation_rolled_back",
      "reservation_missing",
      "reservation_of_another_group",
    ])
    expect([newer.with(0, 9), newer.slice(0, -1), Uint8Array.of(...newer, 0)].map(code)).toEqual([
      "reserved_value",
      "truncated",
      "trailing_bytes",
    ])
    // A broken record must not cost hours.
    expect(code(newer.with(newer.length - 8, 0xff))).toBe("bad_value")
  })

  it("cannot be made: counts are bounded", () => {
    for (const application of [-1, 0.5, 65_537]) expect(() => alice.reserve({ application })).toThrow(RangeError)
  })
})

describe("a state and a record that were rolled back together", () => {
  it("are noticed by the first message of ours that this state cannot have sent", () => {
    const party = Party.of("both rolled back", ["alice", "bob"])
    const record = party.group("alice").reserve({ application: 2 })
    const state = party.group("alice").toBytes()
    const [within = NO_DATA, beyond = NO_DATA] = [0, 1, 2].map((at) => party.say("alice", String(at))).slice(1)
    const alice = wake(party, "alice", { state, record })
    expect(outcomeOf(alice.receive(within, party.nowMs))).toBe("own_message")
    const before = alice.toBytes()
    expect(outcomeOf(alice.receive(beyond, party.nowMs))).toBe("own_message_ahead")
    expect(alice.toBytes()).toEqual(before)
  })

  it("are not claimed by a member who pretends to speak for us", () => {
    const party = Party.of("pretended", ["alice", "bob", "carol"])
    const body = { kind: "application", data: toUtf8("I am alice") } as const
    const forged = craft(party, "carol", body, { seal: (speaker) => ({ ...speaker, leafIndex: 0 }) })
    expect(party.hear("alice", forged)).toBe("own_message")
  })
})

const reservation = (epoch: bigint, application: number, handshake: number): Reservation => {
  return { epoch, application, handshake }
}

/** The next generations of alice's ratchets. */
const nextOf = ({ epoch }: GroupState): number[] =>
  (["application", "handshake"] as const).map((kind) => epoch.secretTree.nextGeneration(0, kind))

describe("what a record says", () => {
  const party = Party.of("reserved by hand", ["alice", "bob"])
  const GENERATIONS_MAX = 2 ** 24

  /** A state of alice's in epoch 1 that has reserved this much. */
  function stateWith(reserved: Reservation, more: Partial<GroupState> = {}): GroupState {
    return { ...party.insidesOf("alice"), reserved, ...more }
  }
  const recordOf = ({ epoch, application, handshake }: Reservation): Uint8Array =>
    encode((writer) => {
      writer.uint8(1).vector(party.groupId)
      writer.uint64(epoch).uint32(application).uint32(handshake)
    })

  it.each([
    [1n, 5, 3],
    [1n, 6, 3],
    [1n, 5, 4],
    [2n, 0, 0],
  ])("is taken where it is as new as the state: epoch %d, %d texts, %d handshakes", (epoch, texts, handshakes) => {
    const state = stateWith(reservation(1n, 5, 3))
    resume(state, recordOf(reservation(epoch, texts, handshakes)))
    expect(state.reserved).toEqual(reservation(epoch, texts, handshakes))
    expect(nextOf(state)).toEqual(epoch === 1n ? [texts, handshakes] : [0, 0])
  })

  it.each([
    [1n, 4, 9],
    [1n, 9, 2],
    [0n, 9, 9],
  ])("is refused where anything in it is older: epoch %d, %d texts, %d handshakes", (epoch, texts, handshakes) => {
    const state = stateWith(reservation(1n, 5, 3))
    const refused = expect.objectContaining({ name: "ReservationError", code: "reservation_rolled_back" })
    expect(() => resume(state, recordOf(reservation(epoch, texts, handshakes)))).toThrow(refused)
    expect(nextOf(state)).toEqual([0, 0])
  })

  it("is missed where anything was reserved, or has to be", () => {
    const missing = expect.objectContaining({ code: "reservation_missing" })
    const required = { policy: policyWith(policy) }
    const states = [
      stateWith(reservation(1n, 1, 0)),
      stateWith(reservation(1n, 0, 1)),
      stateWith(NO_RESERVATION, required),
    ]
    for (const state of states) expect(() => resume(state, undefined)).toThrow(missing)
    expect(() => resume(stateWith(NO_RESERVATION), undefined)).not.toThrow()
  })

  it("is what was reserved beyond what was reserved or used before, in this epoch", () => {
    const used = stateWith(NO_RESERVATION)
    used.epoch.secretTree.skipTo(0, "application", 4)
    const states = [stateWith(reservation(1n, 5, 3)), stateWith(reservation(0n, 5, 3)), used]
    expect(states.map((state) => reserve(state, { application: 2 }))).toEqual([
      recordOf(reservation(1n, 7, 3)),
      recordOf(reservation(1n, 2, 0)),
      recordOf(reservation(1n, 6, 0)),
    ])
  })

  it("goes as far as a ratchet does, and no farther", () => {
    const state = stateWith(reservation(1n, GENERATIONS_MAX - 1, 0))
    const last = reserve(state, { application: 1 })
    expect(last).toEqual(recordOf(reservation(1n, GENERATIONS_MAX, 0)))
    expect(() => reserve(state, { application: 1 })).toThrow(new RangeError("the ratchet is used up: commit first"))
    expect(() => resume(stateWith(state.reserved, { phase: "removed" }), last)).not.toThrow()
    const beyond = encode((writer) =>
      writer
        .uint64(1n)
        .uint32(0)
        .uint32(GENERATIONS_MAX + 1),
    )
    const refused = expect.objectContaining({ code: "bad_value", offset: 0 })
    expect(() => decodeWhole(beyond, readReservation)).toThrow(refused)
  })

  it("raises by no more than 65 536 at once", () => {
    const state = stateWith(NO_RESERVATION)
    for (const application of [-1, 0.5, 65_537]) {
      const reason = new RangeError(`cannot reserve ${application} generations`)
      expect(() => reserve(state, { application })).toThrow(reason)
    }
    expect(reserve(state, { application: 65_536 })).toEqual(recordOf(reservation(1n, 65_536, 0)))
  })

  it("skips nothing in a group that is over, nor of another epoch", () => {
    for (const [state, epoch] of [
      [stateWith(NO_RESERVATION, { phase: "removed" }), 1n],
      [stateWith(NO_RESERVATION), 2n],
    ] as const) {
      resume(state, recordOf(reservation(epoch, 4, 4)))
      expect(nextOf(state)).toEqual([0, 0])
    }
  })

  it("is asked for each kind of key, and not for what takes none, with words that help", () => {
    const reserved = reservation(1n, 1, 0)
    const state = stateWith(reserved, { policy: policyWith(policy) })
    const reason = new TypeError("reserve generations first, and store the record")
    expect(() => assertReserved(state, "application")).not.toThrow()
    expect(() => assertReserved(state, "handshake")).toThrow(reason)
    const before = stateWith(reservation(0n, 9, 9), { policy: policyWith(policy) })
    expect(() => assertReserved(before, "application")).toThrow(reason)
    expect(() => assertReserved(before, undefined)).not.toThrow()
  })

  it("keeps a state quiet that is behind it, whatever the policy", () => {
    const behind = new TypeError("the state is older than epoch 2: follow the group first")
    const state = stateWith(reservation(2n, 0, 0))
    expect(() => assertReserved(state, undefined)).toThrow(behind)
    expect(() => reserve(state, {})).toThrow(behind)
  })

  it("is stored with the state, when generations are reserved and when it is woken", () => {
    const alice = party.group("alice")
    const { changes, stored } = alice.takeChanges()
    stored()
    const records = changes.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value: value.slice() }]))
    const record = alice.reserve({ application: 4 })
    const expected = { key: RESERVED_KEY, value: encodeReservation(reservation(1n, 4, 0)) }
    expect(alice.takeChanges().changes).toContainEqual(expected)
    const surroundings = { signatureKeys: party.keysOf("alice"), reservation: record }
    expect(Group.fromRecords(party.suite, records, surroundings).takeChanges().changes).toContainEqual(expected)
  })

  it("tells whether a key of ours was used in this epoch, for a text or for anything else", () => {
    const sent = (["application", "handshake"] as const).map((kind) => {
      const state = stateWith(NO_RESERVATION)
      const before = hasSent(state)
      state.epoch.secretTree.take(0, kind)
      return [before, hasSent(state)]
    })
    expect(sent).toEqual([
      [false, true],
      [false, true],
    ])
  })
})

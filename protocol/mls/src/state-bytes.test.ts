import { DecodeError, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { Party } from "./testing/party.ts"

/** A group with everything in it that a state can hold. */
function busyParty(): Party {
  const party = Party.of("busy", ["alice", "bob", "carol"], { policy: { proposals: true } })
  const late = party.say("bob", "late")
  const skipped = party.say("bob", "skipped")
  party.hear("alice", skipped)
  party.commit("carol")
  party.hear("alice", late)
  const { random } = party
  const proposed = party
    .group("alice")
    .propose({ kind: "update" }, { authenticatedData: new Uint8Array(0), random, nowMs: party.nowMs })
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  party.stage("alice", { adds: [party.keyPackage("dave").keyPackage], removes: [2] })
  return party
}

describe("a stored group", () => {
  it("reads back byte for byte, pending commit, proposals, late and skipped keys included", () => {
    const party = busyParty()
    const bytes = party.group("alice").toBytes()
    const restored = party.restart("alice")
    expect(toHex(restored.toBytes())).toBe(toHex(bytes))
    expect(restored.pendingCommit?.report).toMatchObject({ added: [{ leafIndex: 2 }], removed: [{ leafIndex: 2 }] })
    expect(restored.pendingProposalCount).toBe(1)
  })

  it("goes on exactly as the one that was never stored", () => {
    const party = Party.of("twin", ["alice", "bob"])
    const original = party.group("alice")
    const twin = party.restart("alice")
    const message = party.say("bob", "hello")
    expect(twin.receive(message, party.nowMs)).toEqual(original.receive(message, party.nowMs))
    expect(twin.toBytes()).toEqual(original.toBytes())
    expect(twin.export("label", new Uint8Array(0), 32)).toEqual(original.export("label", new Uint8Array(0), 32))
  })

  it("does not hold the signature key, and asks for the right one", () => {
    const party = Party.of("signature key", ["alice", "bob"])
    const bytes = party.group("alice").toBytes()
    expect(toHex(bytes)).not.toContain(toHex(party.keysOf("alice").privateKey))
    expect(() => Group.fromBytes(party.suite, bytes, { signatureKeys: party.keysOf("bob") })).toThrow(RangeError)
  })

  it("does not hold what was used up or is over", () => {
    const party = Party.of("forward secrecy", ["alice", "bob"])
    const insides = party.insidesOf("alice")
    const spent = [insides.epoch.secrets.initSecret, insides.epoch.secrets.exporterSecret, insides.epoch.keys.leafKey]
    party.commit("alice")
    const bytes = toHex(party.group("alice").toBytes())
    expect(spent.map((secret) => bytes.includes(toHex(secret)))).toEqual([false, false, false])
  })

  it("of a member who was removed opens nothing any more", () => {
    const party = Party.of("removed", ["alice", "bob", "carol"])
    const carol = party.group("carol")
    const { commit } = party.stage("alice", { removes: [2] })
    const received = carol.receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    carol.merge(received.staged)
    const restored = party.restart("carol")
    expect(restored.phase).toBe("removed")
    expect(party.hear("carol", party.say("bob", "hello"))).toBe("group_inactive")
    const { epoch, pastEpochs } = party.insidesOf("carol")
    expect(new Set(Object.values(epoch.secrets).map(toHex))).toEqual(new Set(["00".repeat(32)]))
    expect(pastEpochs).toEqual([])
  })

  it("is refused with a typed error when any of its bytes is cut off or follows, or the version or suite is another", () => {
    const party = busyParty()
    const bytes = party.group("alice").toBytes()
    const wake = (bad: Uint8Array) => () => Group.fromBytes(party.suite, bad, { signatureKeys: party.keysOf("alice") })
    for (let length = 0; length < bytes.length; length += 7) expect(wake(bytes.slice(0, length))).toThrow(DecodeError)
    for (const bad of [Uint8Array.of(...bytes, 0), bytes.with(0, 0), bytes.with(0, 1), bytes.with(2, 2)])
      expect(wake(bad)).toThrow(DecodeError)
  })

  it("asks for newer software where newer software wrote it", () => {
    const party = Party.of("newer", ["alice"])
    const bytes = party.group("alice").toBytes().with(0, 4)
    const wake = () => Group.fromBytes(party.suite, bytes, { signatureKeys: party.keysOf("alice") })
    expect(wake).toThrow(expect.objectContaining({ code: "state_from_newer_software", version: 4 }))
    expect(wake).toThrow(/update the software/)
  })

  it("never throws anything else for flipped bytes", () => {
    const party = busyParty()
    const bytes = party.group("alice").toBytes()
    const signatureKeys = party.keysOf("alice")
    let refusedCount = 0
    for (let at = 0; at < bytes.length; at += 3) {
      try {
        Group.fromBytes(party.suite, bytes.with(at, (bytes[at] ?? 0) ^ 0x41), { signatureKeys })
      } catch (error) {
        refusedCount++
        // RangeError: the signature key in an Update of ours is none that was passed.
        expect(["DecodeError", "StateVersionError", "RangeError"]).toContain((error as Error).name)
      }
    }
    // None of them is taken for another state.
    expect(refusedCount).toBe(Math.ceil(bytes.length / 3))
  })
})

describe("a disposed group", () => {
  it("has no keys left", () => {
    const party = busyParty()
    const alice = party.group("alice")
    alice[Symbol.dispose]()
    expect(() => party.say("alice", "hello")).toThrow(TypeError)
    expect(() => alice.epochAuthenticator()).toThrow(TypeError)
  })
})

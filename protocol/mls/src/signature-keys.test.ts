import type { KeyPair } from "@qpc/crypto"
import { describe, expect, it } from "vitest"
import type { GroupState } from "./group-state.ts"
import { clearStaged, zeroGroup } from "./merge.ts"
import { dropIdleKeys, holdNextKeys } from "./signature-keys.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)

/** Alice's insides, with a new key on its way by what `start` does, and the copy of it that she holds. */
function renewing(
  seed: string,
  start: (party: Party, newSignatureKeys: KeyPair) => void,
): { readonly state: GroupState; readonly held: Uint8Array | undefined } {
  const party = Party.of(seed, ["alice", "bob"], { policy: { proposals: true } })
  const keys = party.suite.signatureKeyPair(party.random(32))
  start(party, keys)
  const state = party.insidesOf("alice")
  holdNextKeys(state, keys)
  return { state, held: state.nextSignatureKeys[0]?.privateKey }
}

const isZero = (bytes: Uint8Array | undefined): boolean | undefined => bytes?.every((byte) => byte === 0)

const inCommit = (party: Party, newSignatureKeys: KeyPair): void => void party.stage("alice", { newSignatureKeys })
const inUpdate = (party: Party, newSignatureKeys: KeyPair): void => {
  const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
  party.group("alice").propose({ kind: "update", newSignatureKeys }, options)
}

describe("a signature key that is on its way", () => {
  it("is zeroed when its commit is cleared", () => {
    const { state, held } = renewing("cleared", inCommit)
    expect(isZero(held)).toBe(false)
    clearStaged(state, state.ownCommit!.staged)
    expect([isZero(held), state.nextSignatureKeys]).toEqual([true, []])
  })

  it("is kept while its commit or its Update waits, and zeroed when the Update is dropped", () => {
    const committed = renewing("kept", inCommit)
    dropIdleKeys(committed.state)
    expect(isZero(committed.held)).toBe(false)
    const updated = renewing("dropped", inUpdate)
    dropIdleKeys(updated.state)
    expect(isZero(updated.held)).toBe(false)
    updated.state.queue.clear()
    dropIdleKeys(updated.state)
    expect(isZero(updated.held)).toBe(true)
  })

  it("is held once, and zeroed with the group", () => {
    const { state, held } = renewing("disposed", inCommit)
    holdNextKeys(state, state.nextSignatureKeys[0]!)
    expect(state.nextSignatureKeys).toHaveLength(1)
    zeroGroup(state)
    expect(isZero(held)).toBe(true)
  })
})

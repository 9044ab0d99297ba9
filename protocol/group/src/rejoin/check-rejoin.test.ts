import type { MergeReport, StagedCommit } from "@qpc/mls"
import { describe, expect, it } from "vitest"
import { checkRejoin } from "./check-rejoin.ts"

const leaf = (leafIndex: number, key: number) => {
  const signatureKey = new Uint8Array(32).fill(key)
  return { leafIndex, signatureKey, credential: { kind: "basic", identity: signatureKey } as const, extensions: [] }
}
const [alice, bob] = [leaf(0, 1), leaf(1, 2)]
const group = {
  epoch: 7n,
  extensions: [],
  member: (leafIndex: number) => [alice, bob][leafIndex],
  members: () => [alice, bob],
}
const view = { group, profile: { name: "garden", settings: undefined }, limits: { members: 10 } }

/** Bob's device in the place of its own leaf, but for what is changed. */
function commit(change: Partial<MergeReport> = {}, committer = 1): StagedCommit {
  const nothing = { epoch: 8n, updated: [], selfRemoved: false, extensions: [], reinit: undefined, custom: [] }
  return { kind: "received", committer, report: { ...nothing, added: [bob], removed: [bob], ...change } }
}

describe("an external commit", () => {
  it("puts a device into the place of its own leaf, whichever leaf it gets", () => {
    expect(checkRejoin(view, commit(), 2)).toBeUndefined()
    expect(checkRejoin(view, commit({ added: [leaf(5, 2)] }, 5), 2)).toBeUndefined()
  })

  it.each([
    ["rejoin_not_external", commit({ added: [] }), 2],
    ["committer_unknown", commit({ removed: [] }), 2],
    ["rejoin_changes_more", commit(), 3],
    ["rejoin_changes_more", commit({ removed: [bob, alice] }), 2],
    ["rejoin_changes_more", commit({ added: [bob, leaf(5, 5)] }), 2],
    ["rejoin_changes_more", commit({ updated: [alice] }), 2],
    ["identity_unbound", commit({ added: [{ ...bob, signatureKey: alice.signatureKey }] }), 2],
    ["rejoin_of_another", commit({ removed: [alice] }), 2],
  ] as const)("is refused as %s", (objection, staged, proposalCount) => {
    expect(checkRejoin(view, staged, proposalCount)).toBe(objection)
  })
})

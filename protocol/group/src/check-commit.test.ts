import { suite0001 } from "@qpc/crypto/node"
import type { MergeReport, StagedCommit } from "@qpc/mls"
import { describe, expect, it } from "vitest"
import { checkCommit } from "./check-commit.ts"
import type { CommitView } from "./check-commit.ts"

const person = (leafIndex: number, fill = leafIndex + 1) => {
  const key = new Uint8Array(suite0001.sizes.signaturePublicKeyBytes).fill(fill)
  return { leafIndex, signatureKey: key, credential: { kind: "basic", identity: key } as const, extensions: [] }
}
const people = [person(0), person(1)]
const view: CommitView = {
  group: { epoch: 1n, extensions: [], member: (leafIndex) => people[leafIndex], members: () => people },
  profile: { name: "garden", settings: undefined },
  limits: { members: 3 },
}
const quiet: MergeReport = {
  epoch: 2n,
  added: [],
  removed: [],
  updated: [],
  selfRemoved: false,
  extensions: [],
  custom: [],
  reinit: undefined,
}
const commit = (report: Partial<MergeReport>, committer = 0): StagedCommit => {
  return { kind: "received", committer, report: { ...quiet, ...report } }
}
const another = new Uint8Array(suite0001.sizes.signaturePublicKeyBytes).fill(9)

describe("a commit of ours", () => {
  it("may add, remove and refresh people who stay themselves", () => {
    expect(
      checkCommit(view, commit({ added: [person(2)], removed: [person(1)], updated: [person(0)] })),
    ).toBeUndefined()
  })

  it.each<[string, StagedCommit]>([
    ["committer_unknown", commit({}, 5)],
    ["committer_unknown", commit({ added: [person(2)] }, 2)],
    ["identity_unbound", commit({ added: [{ ...person(2), signatureKey: another }] })],
    ["identity_unbound", commit({ added: [{ ...person(2), credential: { kind: "x509", certificates: [] } }] })],
    ["identity_changed", commit({ updated: [person(1, 9)] })],
    ["identity_changed", commit({ updated: [{ ...person(1), signatureKey: another }] })],
    ["extensions_changed", commit({ extensions: [{ extensionType: 5, extensionData: another }] })],
    ["group_full", commit({ added: [person(2), person(3)] })],
    [
      "identity_unbound",
      commit({ added: [{ ...person(2), credential: { kind: "basic", identity: another.subarray(1) } }] }),
    ],
  ])("is none if it is %s", (objection, staged) => {
    expect(checkCommit(view, staged)).toBe(objection)
  })

  it("may not end the group in favour of another", () => {
    const reinit = { kind: "reinit", groupId: another, version: 1, cipherSuite: 1, extensions: [] } as const
    expect(checkCommit(view, commit({ reinit }))).toBe("reinit_not_spoken")
  })
})

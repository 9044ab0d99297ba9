import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { makeGroupContext } from "./group-context.ts"
import type { GroupContextContent } from "./group-context.ts"
import type { GroupState } from "./group-state.ts"
import { checkDescent, pskOfParent, sameCredential } from "./parent-group.ts"
import type { Descent, ParentGroup } from "./parent-group.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import { Party } from "./testing/party.ts"

const EXTENSIONS = [{ extensionType: 3, extensionData: Uint8Array.of(0, 0, 0) }]
const REINIT = { groupId: toUtf8("next"), version: 1, cipherSuite: 1, extensions: EXTENSIONS }

function parentOf(state: GroupState): ParentGroup {
  return { state, identityOf: sameCredential }
}

/** A group of alice and bob that a ReInit has ended, and one that goes on. */
function parents(): { readonly ended: ParentGroup; readonly active: ParentGroup } {
  const active = Party.of("parent", ["alice", "bob"])
  const ended = Party.of("parent", ["alice", "bob"])
  ended.commit("alice", { reinit: REINIT })
  return { ended: parentOf(ended.insidesOf("bob")), active: parentOf(active.insidesOf("bob")) }
}

const treeOf = (names: readonly string[]): GroupState["epoch"]["tree"] =>
  Party.of("child", names).insidesOf(names[0] ?? "").epoch.tree

const named: GroupContextContent = {
  cipherSuite: 1,
  groupId: REINIT.groupId,
  epoch: 1n,
  treeHash: new Uint8Array(32),
  confirmedTranscriptHash: new Uint8Array(32),
  extensions: EXTENSIONS,
}

describe("a group that descends from another", () => {
  const { ended, active } = parents()

  it.each([
    [undefined, "reinit", {}, ["alice", "bob"]],
    ["successor_epoch", "reinit", { epoch: 2n }, ["alice", "bob"]],
    ["successor_parameters", "reinit", { groupId: toUtf8("elsewhere") }, ["alice", "bob"]],
    ["successor_parameters", "reinit", { cipherSuite: 3 }, ["alice", "bob"]],
    ["successor_parameters", "reinit", { extensions: [] }, ["alice", "bob"]],
    ["successor_lacks_member", "reinit", {}, ["alice"]],
    ["successor_adds_stranger", "reinit", {}, ["alice", "bob", "mallory"]],
    [undefined, "branch", { groupId: toUtf8("branch"), extensions: [] }, ["alice"]],
    ["successor_epoch", "branch", { epoch: 0n }, ["alice"]],
    ["successor_parameters", "branch", { cipherSuite: 3 }, ["alice"]],
    ["successor_adds_stranger", "branch", {}, ["alice", "mallory"]],
  ] as [string | undefined, Descent, Partial<GroupContextContent>, string[]][])(
    "is judged %s as %s",
    (reason, usage, changes, names) => {
      const parent = usage === "reinit" ? ended : active
      expect(checkDescent(parent, usage, makeGroupContext({ ...named, ...changes }), treeOf(names))).toBe(reason)
    },
  )

  it("is nothing that follows a ReInit where none was committed", () => {
    expect(checkDescent(active, "reinit", makeGroupContext(named), treeOf(["alice", "bob"]))).toBe(
      "successor_parameters",
    )
  })

  it("is not what a ReInit of an unknown version names", () => {
    const reinit = { kind: "reinit", ...REINIT, version: 2 } as const
    const parent = { ...ended, state: { ...ended.state, reinit } }
    expect(checkDescent(parent, "reinit", makeGroupContext(named), treeOf(["alice", "bob"]))).toBe(
      "successor_parameters",
    )
  })
})

const idOf = (parent: ParentGroup, changes: object = {}): PreSharedKeyId => {
  const { groupId, epoch } = parent.state.epoch.context
  const fields = { kind: "resumption", usage: "branch", pskGroupId: groupId, pskEpoch: epoch } as const
  return { ...fields, pskNonce: new Uint8Array(32), ...changes }
}
const verdict = (ids: readonly PreSharedKeyId[], parent: ParentGroup | undefined): unknown => {
  const outcome = pskOfParent(ids, parent)
  return typeof outcome === "object" ? outcome.usage : outcome
}

describe("the PSK of a parent group", () => {
  const { ended, active } = parents()
  it("is found for either usage, among PSKs of other kinds", () => {
    const external = { kind: "external", pskId: new Uint8Array(0), pskNonce: new Uint8Array(32) } as const
    expect(verdict([external, idOf(active)], active)).toBe("branch")
    expect(verdict([idOf(ended, { usage: "reinit" }), external], ended)).toBe("reinit")
    expect(verdict([external], undefined)).toBeUndefined()
  })

  it.each([
    ["parent_group_unnamed", [], active],
    ["parent_group_unnamed", [idOf(active, { usage: "application" })], active],
    ["parent_group_missing", [idOf(active)], undefined],
    ["parent_psk_repeated", [idOf(active), idOf(active, { pskEpoch: 0n })], active],
    ["parent_group_mismatch", [idOf(active, { pskGroupId: toUtf8("elsewhere") })], active],
    ["parent_group_mismatch", [idOf(active, { usage: "reinit", pskGroupId: toUtf8("elsewhere") })], active],
    ["parent_group_mismatch", [idOf(active, { pskEpoch: 7n })], active],
    ["parent_not_replaced", [idOf(active, { usage: "reinit" })], active],
    ["parent_group_mismatch", [idOf(ended, { usage: "reinit", pskEpoch: 1n })], ended],
  ] as [string, PreSharedKeyId[], ParentGroup | undefined][])("is refused with %s (%#)", (reason, ids, parent) => {
    expect(verdict(ids, parent)).toBe(reason)
  })
})

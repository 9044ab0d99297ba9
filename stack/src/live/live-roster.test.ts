import type { Member, MergeReport } from "@qpc/mls"
import { describe, expect, it } from "vitest"
import { memberIdExtension } from "../member-id-extension.ts"
import { LiveRoster } from "./live-roster.ts"

const member = (leafIndex: number, memberId?: number): Member => ({
  leafIndex,
  credential: { kind: "basic", identity: new Uint8Array(0) },
  signatureKey: new Uint8Array(0),
  extensions: memberId === undefined ? [] : [memberIdExtension(memberId)],
})

const report = (changes: Partial<MergeReport>): MergeReport => ({
  epoch: 1n,
  added: [],
  removed: [],
  updated: [],
  selfRemoved: false,
  extensions: [],
  reinit: undefined,
  custom: [],
  ...changes,
})

describe("who is who in an epoch", () => {
  it("is what the leaves sign", () => {
    const roster = LiveRoster.of([member(0, 7), member(3, 2)])!
    expect(roster.memberIds).toEqual([2, 7])
    expect([roster.memberIdOf(3), roster.memberIdOf(1)]).toEqual([2, undefined])
    expect([roster.leafOf(7), roster.leafOf(8)]).toEqual([0, undefined])
  })

  it.each([
    ["without an id", [member(0, 1), member(1)]],
    ["with the id of another", [member(0, 1), member(1, 1)]],
  ])("is nothing with a leaf %s", (_, members) => {
    expect(LiveRoster.of(members)).toBeUndefined()
  })

  it("follows a commit, leaf by leaf", () => {
    const before = [member(0, 1), member(1, 2)]
    const changes = { added: [member(1, 3)], removed: [member(1, 2)], updated: [member(0, 1)] }
    const after = LiveRoster.after(before, report(changes))!
    expect(after.memberIdOf(1)).toBe(3)
    expect(LiveRoster.of(before)!.changesTo(after)).toEqual({ joined: [3], left: [2] })
  })

  it.each([
    ["gives a member another id", { updated: [member(0, 9)] }],
    ["takes a member's id away", { updated: [member(0)] }],
    ["gives a newcomer an id that is taken", { added: [member(2, 1)] }],
    ["lets in a newcomer without an id", { added: [member(2)] }],
  ])("follows no commit that %s", (_, changes) => {
    expect(LiveRoster.after([member(0, 1), member(1, 2)], report(changes))).toBeUndefined()
  })
})

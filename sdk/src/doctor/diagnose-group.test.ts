import type { MemberCondition } from "@qpc/group"
import { toGroupId, toMessageId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { diagnoseGroup } from "./diagnose-group.ts"
import type { GroupSnapshot } from "./snapshot.ts"

const quiet: MemberCondition = {
  ending: undefined,
  pending: undefined,
  queued: [],
  isLeaveProposed: false,
  heldTextCount: 0,
  missingTextCount: 0,
  parked: [],
  isHalting: false,
}
const group: GroupSnapshot = {
  groupId: toGroupId(new Uint8Array(16)),
  epoch: 7n,
  memberCount: 2,
  deviceCount: 2,
  isClosed: false,
  condition: quiet,
  outbox: { unsentCount: 0, heldCount: 0, hasPending: false },
  failedCount: 0,
}
const rename = { kind: "rename", attempt: 1 } as const
const overtaken = { messageId: toMessageId(new Uint8Array(16)), epoch: 7n, isLost: true, intents: [rename] }

/** The states of a group that differs from a quiet one in this. */
function statesOf(differs: Partial<MemberCondition>, more: Partial<GroupSnapshot> = {}): string[] {
  const found = diagnoseGroup({ ...group, ...more, condition: { ...quiet, ...differs } }, "not_asked", false)
  return found.map(({ state }) => state)
}

describe("what is with a group", () => {
  it("is nothing while nothing waits", () => {
    expect(statesOf({})).toEqual(["healthy"])
  })

  it("is that we wait to be let go", () => {
    expect(statesOf({ isLeaveProposed: true })).toEqual(["leaving"])
  })

  it("is that texts wait until somebody is gone", () => {
    expect(statesOf({ heldTextCount: 2 })).toEqual(["texts_held"])
  })

  it("is that messages of others are missing", () => {
    expect(statesOf({ missingTextCount: 3 })).toEqual(["texts_missing"])
  })

  it("is that another change was first", () => {
    expect(statesOf({ pending: overtaken })).toEqual(["pending_commit_overtaken"])
  })

  it("is that the server lies, and not that changes wait for their turn", () => {
    expect(statesOf({ isHalting: true, queued: [rename] })).toEqual(["intent_halted"])
  })

  it("is that it is over, and then nothing else", () => {
    expect(statesOf({ ending: "must_rejoin", queued: [rename] }, { failedCount: 1 })).toEqual(["must_rejoin"])
  })

  it("is that texts were refused, that it is closed, or both", () => {
    expect(statesOf({}, { failedCount: 1, isClosed: true })).toEqual(["text_failed", "closed"])
  })

  it("counts a commit that goes out as no message", () => {
    const outbox = { unsentCount: 1, heldCount: 0, hasPending: true }
    expect(statesOf({ pending: { ...overtaken, isLost: false } }, { outbox })).toEqual(["pending_commit_sending"])
  })

  it("is nothing in a group of one that the server never heard of", () => {
    const [only] = diagnoseGroup({ ...group, memberCount: 1 }, "unknown", false)
    expect(only).toMatchObject({ state: "healthy" })
  })
})

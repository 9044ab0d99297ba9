import type { Change, GroupDamage } from "@qpc/sdk"
import { concatBytes, fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientNode } from "./client-node.ts"
import { unsettled, viewsOf } from "./liveness.ts"
import { Oracle } from "./oracle.ts"

const KEY = "01".repeat(32)
const [FOLLOWED, LOST, DAMAGED] = ["aa".repeat(16), "bb".repeat(16), "cc".repeat(16)]

/** A device that is in two groups, cannot follow the second, and cannot read a third. @param unanswered - what its person waits for */
function stuckInOne(unanswered: readonly string[] = []): ClientNode {
  const members = () => [{ identityKey: fromHex(KEY) }]
  const about = {
    epoch: 1n,
    suiteId: 1,
    isMember: true,
    isLeaving: false,
    epochAuthenticator: new Uint8Array(32),
    members,
  }
  const conversations = () => [
    { ...about, id: fromHex(FOLLOWED), missing: undefined },
    { ...about, id: fromHex(LOST), missing: { fromEpoch: 1n, toEpoch: 9n, isBehindUs: false } },
  ]
  const client = { connectionState: { at: "online" }, conversations, damagedGroups: () => [{ id: fromHex(DAMAGED) }] }
  const node = { name: "d1", key: KEY, identityKey: KEY, isEnrolled: true, isGone: false, client, unanswered }
  return node as unknown as ClientNode
}

const OTHER = "02".repeat(32)

/** What the device that is left of somebody has of a group. */
type Had = "the group" | GroupDamage | "nothing"

/** Somebody who leaves a group, and a device of the only other one in it. */
function leaverAndOther(had: Had): readonly ClientNode[] {
  const id = fromHex(FOLLOWED)
  const members = () => [KEY, OTHER].map((key) => ({ identityKey: fromHex(key) }))
  const about = { id, epoch: 1n, isMember: true, epochAuthenticator: new Uint8Array(32), members, missing: undefined }
  const deviceWith = (key: string, isLeaving: boolean, has: Had): ClientNode => {
    const conversations = () => (has === "the group" ? [{ ...about, isLeaving }] : [])
    const damagedGroups = () => (has === "the group" || has === "nothing" ? [] : [{ id, damage: has }])
    const client = { connectionState: { at: "online" }, conversations, damagedGroups }
    // A device that has nothing of the group is not on its roster, whoever its owner is.
    const own = has === "nothing" ? "03".repeat(32) : key
    const node = { name: key, key: own, identityKey: key, isEnrolled: true, isGone: false, client, unanswered: [] }
    return node as unknown as ClientNode
  }
  return [deviceWith(KEY, true, "the group"), deviceWith(OTHER, false, had)]
}

const SECOND = "03".repeat(32)

/** Somebody in a group, and a person who is in it with what the server's roster says, and out of it on their first device. */
function memberAndOther(how: "stays" | "leaves" | "is gone"): readonly ClientNode[] {
  const members = () => [KEY, OTHER].map((key) => ({ identityKey: fromHex(key) }))
  const about = { id: fromHex(FOLLOWED), epoch: 1n, epochAuthenticator: new Uint8Array(32), members }
  const device = (
    key: string,
    identityKey: string,
    is: { isMember?: true; isLeaving?: boolean; isGone?: boolean },
  ): ClientNode => {
    const { isMember = false, isLeaving = false, isGone = false } = is
    const conversations = () => [{ ...about, isMember, isLeaving, missing: undefined }]
    const client = { connectionState: { at: "online" }, conversations, damagedGroups: () => [] }
    const node = { name: key.slice(0, 2), key, identityKey, isEnrolled: true, isGone, client, unanswered: [] }
    return node as unknown as ClientNode
  }
  const second = { isMember: true, isLeaving: how === "leaves", isGone: how === "is gone" } as const
  return [device(KEY, KEY, { isMember: true }), device(OTHER, OTHER, {}), device(SECOND, OTHER, second)]
}

/** What the sdk writes of a wish that has no end yet: version, group, state. */
const wish = (group: string): Change => ({
  kind: "put",
  collection: "sent",
  key: new Uint8Array(16).fill(7),
  value: concatBytes(Uint8Array.of(1), fromHex(group), Uint8Array.of(0)),
})

describe("what a device believes of its groups", () => {
  it("is that it can read nothing of a damaged one, and goes on where another program is awaited", () => {
    const client = {
      conversations: () => [],
      damagedGroups: () => [
        { id: fromHex(DAMAGED), damage: "record_damaged" },
        { id: fromHex(FOLLOWED), damage: "suite_unsupported" },
      ],
    }
    const views = viewsOf({ client } as unknown as ClientNode)
    expect([...views].map(([group, { isStuck }]) => [group, isStuck])).toEqual([[DAMAGED, true]])
  })
})

describe("a world at rest", () => {
  it.each([
    ["waits for a wish in a group that its device can follow", FOLLOWED, ["stranded"]],
    ["does not wait for one in a group that it cannot follow", LOST, []],
    ["does not wait for one in a group of which it can read nothing", DAMAGED, []],
  ])("%s", (_, group, kinds) => {
    const [node, oracle] = [stuckInOne(), new Oracle()]
    oracle.durable(node, [wish(group)])
    expect(unsettled([node], oracle).map(({ kind }) => kind)).toEqual(kinds)
  })

  it.each<[string, Had, readonly string[]]>([
    ["waits for somebody to be let go by another", "the group", ["stranded"]],
    ["does not wait for that where the others' record of the group is damaged", "record_damaged", []],
    ["does not wait for that where the others may not be in again for long", "keys_deleted", []],
    ["does not wait for that where the device that is left was never let in", "nothing", []],
  ])("%s", (_, had, kinds) => {
    const [nodes, oracle] = [leaverAndOther(had), new Oracle()]
    oracle.durable(nodes[0]!, [wish(FOLLOWED)])
    expect(unsettled(nodes, oracle).map(({ kind }) => kind)).toEqual(kinds)
  })

  it("waits for the answer to what a person asked, which may still become a wish", () => {
    const what = "d1: rename has no answer"
    expect(unsettled([stuckInOne(["rename"])], new Oracle())).toEqual([{ kind: "stranded", what }])
  })

  const FIRST_IS_OUT = [{ kind: "diverged", what: "02 is on the roster of aaaaaaaa and has not joined" }]

  it.each([
    ["has both devices of a person", [OTHER, SECOND], "is gone", FIRST_IS_OUT],
    ["has the first where the second is there", [SECOND], "stays", FIRST_IS_OUT],
    ["has the first that was not taken out, though the second leaves", [OTHER, SECOND], "leaves", FIRST_IS_OUT],
    ["may lack the first where the second leaves the group for both", [SECOND], "leaves", []],
    ["may lack the first where the second was lost while it left the group for both", [SECOND], "is gone", []],
  ] as const)("%s", (_, devices, how, found) => {
    const oracle = new Oracle()
    oracle.rosters.advance(FOLLOWED, 1n, [KEY, ...devices])
    expect(unsettled(memberAndOther(how), oracle)).toEqual(found)
  })
})

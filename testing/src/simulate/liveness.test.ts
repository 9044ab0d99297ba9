import type { Change } from "@qpc/sdk"
import { concatBytes, fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientNode } from "./client-node.ts"
import { unsettled } from "./liveness.ts"
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

/** What the sdk writes of a wish that has no end yet: version, group, state. */
const wish = (group: string): Change => ({
  kind: "put",
  collection: "sent",
  key: new Uint8Array(16).fill(7),
  value: concatBytes(Uint8Array.of(1), fromHex(group), Uint8Array.of(0)),
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

  it("waits for the answer to what a person asked, which may still become a wish", () => {
    const what = "d1: rename has no answer"
    expect(unsettled([stuckInOne(["rename"])], new Oracle())).toEqual([{ kind: "stranded", what }])
  })
})

import { describe, expect, it } from "vitest"
import { GroupNode, GtpClient, MlsContext, NONCE_REUSE_RISK, StreamType } from "./index.ts"
import type { GroupNodeOptions } from "./index.ts"
import { errorsOf, payloadsOf, twoMembers } from "./testing/two-members.ts"

const PROFILES: readonly [string, GroupNodeOptions][] = [
  ["gbp/2", {}],
  ["gbp/1", { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK }],
]
const code = (expected: string) => expect.objectContaining({ code: expected })

describe.each(PROFILES)("a restart in %s", (_, options) => {
  it("goes on where it was: what was sent before and after comes through once", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const gtp = GtpClient.create()
    const before = gtp.send(aliceNode, aliceMls, 2, 1n, "before").wire
    const [stored, numbers] = [aliceMls.exportState(), aliceNode.exportOutSeq()]
    aliceMls.close()
    aliceNode.close()
    const mls = MlsContext.restoreState(stored, "alice")
    const node = GroupNode.create(1, mls.groupId, options)
    node.restoreOutSeq(numbers)
    expect(node.exportOutSeq()).toEqual(numbers)
    node.bootstrapAsCreator(mls.epoch)
    const after = gtp.send(node, mls, 2, 2n, "after").wire
    for (const wire of [before, after]) {
      expect(payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)).toHaveLength(1)
    }
    expect(errorsOf(bobNode.onWire(bobMls, after))).toEqual(["replay_detected"])
  })

  it("is refused with numbers of something else", () => {
    const { aliceMls, aliceNode } = twoMembers(options)
    const restore = () => {
      aliceNode.restoreOutSeq(Uint8Array.of(9, 9, 9, 9, 9))
      GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
    }
    expect(restore).toThrow(code("bad_state"))
  })

  it("does not go back to numbers below those in use", () => {
    const { aliceMls, aliceNode } = twoMembers(options)
    const none = aliceNode.exportOutSeq()
    const gtp = GtpClient.create()
    gtp.send(aliceNode, aliceMls, 2, 1n, "hello")
    const one = aliceNode.exportOutSeq()
    gtp.send(aliceNode, aliceMls, 2, 2n, "hello")
    expect(none.length).toBeLessThan(one.length)
    expect(() => aliceNode.restoreOutSeq(one)).toThrow(expect.objectContaining({ name: "StackError" }))
  })
})

it("numbers of profile 1 are written as the published stack writes them", () => {
  const { aliceMls, aliceNode } = twoMembers({ profile: "gbp/1" })
  GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
  expect([...aliceNode.exportOutSeq()]).toEqual([1, 0, 0, 0, 2, 101, 0, 0, 0, 1, 0, 0, 0])
})

it("an older MLS state is refused by a node that saw a newer one", () => {
  const { aliceMls, aliceNode } = twoMembers()
  const old = MlsContext.restoreState(aliceMls.exportState())
  aliceMls.removeMember(1)
  aliceMls.finalizeCommit()
  aliceNode.members(aliceMls)
  expect(() => aliceNode.members(old)).toThrow(code("other_group"))
})

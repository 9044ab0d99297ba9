import { expectNonceReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { ControlOpcode, GroupNode, GtpClient, MlsContext, NodeState, NONCE_REUSE_RISK, StreamType } from "./index.ts"
import type { GroupNodeOptions, NodeEvent } from "./index.ts"
import { TestClock, threeMembers } from "./testing/three-members.ts"
import type { TestPeer } from "./testing/three-members.ts"
import { payloadsOf } from "./testing/two-members.ts"

const PROFILE_1: GroupNodeOptions = { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK }
const { PrepareTransition, ReadyForTransition, ExecuteTransition, AbortTransition } = ControlOpcode
const send = ({ node, mls }: TestPeer, opcode: ControlOpcode, transitionId: number, args?: Uint8Array): Uint8Array =>
  node.sendControl(mls, 0, opcode, transitionId, 1, args).wire
const receive = ({ node, mls }: TestPeer, wire: Uint8Array): NodeEvent[] => node.onWire(mls, wire)
const codes = (events: readonly NodeEvent[]) => events.flatMap(({ codeHex }) => codeHex ?? [])
const where = ({ node }: TestPeer) => [node.epoch, node.lastTransitionId, node.pendingTransitionId]

/** A test in which two members speak on the control stream, whose keys are the same for both. */
const twoSpeak = (test: () => void) => () => expectNonceReuse("two members speak on one stream", test)

describe("a transition as the published stack takes it", () => {
  it("lets a newcomer in who waits for its EXECUTE: frames and keys go on at different times", () => {
    const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
    bob.acceptWelcome(alice.inviteFull(bob.exportKeyPackage()).welcome)
    alice.finalizeCommit()
    const [creator, joiner] = [alice, bob].map((mls, at) => {
      return { mls, node: GroupNode.create(at + 1, mls.groupId, PROFILE_1) }
    }) as [TestPeer, TestPeer]
    creator.node.bootstrapAsCreator(0)
    joiner.node.bootstrapAsJoiner(0, 1)
    const execute = send(creator, ExecuteTransition, 1)
    creator.node.applyTransition(1)
    expect(codes(receive(joiner, execute))).toEqual([])
    expect([creator, joiner].map(where)).toEqual([
      [1n, 1, 0],
      [1n, 1, 0],
    ])
    const { wire } = GtpClient.create().send(creator.node, alice, 2, 1n, "hi bob")
    expect(payloadsOf(receive(joiner, wire), StreamType.Text)).toHaveLength(1)
  })

  it("never uses a number twice under keys that stay, although the published stack does", () => {
    const [alice, bob] = threeMembers(PROFILE_1)
    for (const transitionId of [1, 2]) {
      receive(bob, send(alice, PrepareTransition, transitionId))
      receive(bob, send(alice, ExecuteTransition, transitionId))
      alice.node.applyTransition(transitionId)
    }
    expect([alice, bob].map(where)).toEqual([
      [3n, 2, 0],
      [3n, 2, 0],
    ])
  })

  it(
    "goes on with keys that change before its frames do",
    twoSpeak(() => {
      const [alice, bob, carol] = threeMembers(PROFILE_1)
      const commit = alice.mls.removeMember(2)
      bob.mls.processMessage(receive(bob, send(alice, PrepareTransition, 1, commit)).at(-1)!.args!)
      receive(alice, send(bob, ReadyForTransition, 1))
      for (const { mls } of [alice, bob]) mls.finalizeCommit()
      const execute = send(alice, ExecuteTransition, 1)
      alice.node.applyTransition(1)
      expect(codes(receive(carol, execute))).toEqual(["0x0006"])
      expect(codes(receive(bob, execute))).toEqual([])
      expect([alice, bob].map(where)).toEqual([
        [2n, 1, 0],
        [2n, 1, 0],
      ])
    }),
  )

  it(
    "has the ids that its opcodes ask for",
    twoSpeak(() => {
      const [alice, bob, carol] = threeMembers(PROFILE_1)
      expect(codes(receive(bob, send(alice, ReadyForTransition, 1)))).toEqual(["0x0004"])
      expect(codes(receive(bob, send(alice, PrepareTransition, 0)))).toEqual(["0x0004"])
      expect(codes(receive(bob, send(alice, PrepareTransition, 5)))).toEqual([])
      expect(codes(receive(bob, send(carol, PrepareTransition, 6)))).toEqual(["0x0004"])
      expect(codes(receive(bob, send(alice, AbortTransition, 5)))).toEqual([])
      expect(where(bob)).toEqual([1n, 0, 0])
    }),
  )

  it(
    "is the lower member id's of two who prepare it",
    twoSpeak(() => {
      const clock = new TestClock()
      const [alice, bob, carol] = threeMembers({ ...PROFILE_1, now: clock.now })
      receive(carol, send(bob, PrepareTransition, 1))
      clock.nowMs += 9999
      receive(carol, send(alice, PrepareTransition, 1))
      expect(carol.node.checkTimeouts(clock.nowMs + 1)).toEqual([])
    }),
  )

  it("is given up after its time", () => {
    const clock = new TestClock()
    const [alice, bob] = threeMembers({ ...PROFILE_1, now: clock.now })
    receive(bob, send(alice, PrepareTransition, 1))
    clock.nowMs += 10_000
    expect(codes(alice.node.checkTimeouts())).toEqual(["0x0010"])
    const late = bob.node.checkTimeouts()
    expect(codes(late)).toEqual(["0x0012", "0x0013"])
    expect(late.at(-1)).toEqual({ kind: "coordinator_election_needed" })
    expect(where(alice)).toEqual([1n, 0, 0])
  })
})

it(
  "whoever claims the coordinator's place has it, and the lower member id keeps it",
  twoSpeak(() => {
    const [alice, bob] = threeMembers(PROFILE_1)
    const claims = [alice, bob].map(({ node, mls }) => node.claimCoordinator(mls).wire)
    expect([alice, bob].map(({ node }) => node.isCoordinator)).toEqual([true, true])
    expect(receive(alice, claims[1]!)).toContainEqual({ kind: "coordinator_claim", claimant: 2 })
    receive(bob, claims[0]!)
    expect([alice, bob].map(({ node }) => node.isCoordinator)).toEqual([true, false])
  }),
)

it("nothing that arrives moves a node of profile 1 out of its state", () => {
  const [alice, bob] = threeMembers(PROFILE_1)
  alice.node.setEpochForTesting(9)
  expect(codes(receive(bob, send(alice, ReadyForTransition, 1)))).toEqual(["0x0003"])
  expect(bob.node.state).toBe(NodeState.Active)
})

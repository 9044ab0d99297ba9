import { describe, expect, it } from "vitest"
import { ControlOpcode, GtpClient, MlsContext, NodeState, GroupNode } from "./index.ts"
import type { NodeEvent } from "./index.ts"
import { TestClock, threeMembers } from "./testing/three-members.ts"
import type { TestPeer } from "./testing/three-members.ts"

const { PrepareTransition, ReadyForTransition, ExecuteTransition, AbortTransition } = ControlOpcode
const code = (expected: string) => expect.objectContaining({ code: expected })
const send = ({ node, mls }: TestPeer, opcode: ControlOpcode, transitionId: number, args?: Uint8Array): Uint8Array =>
  node.sendControl(mls, 0, opcode, transitionId, 1, args).wire
const receive = ({ node, mls }: TestPeer, wire: Uint8Array): NodeEvent[] => node.onWire(mls, wire)
const readyOf = (peer: TestPeer, prepare: Uint8Array, commit: Uint8Array): Uint8Array => {
  const transitionId = receive(peer, prepare).at(-1)?.transitionId ?? 0
  peer.mls.processMessage(commit)
  return send(peer, ReadyForTransition, transitionId)
}
/** What happened, in short. */
const seen = (events: readonly NodeEvent[]) =>
  events.map(({ kind, opcode, codeHex, toState, claimant }) =>
    [kind, opcode ?? codeHex ?? toState ?? claimant].join(" ").trim(),
  )

/** Alice prepares to let somebody in; Bob and Carol have the commit. */
function prepared(clock = new TestClock()) {
  const [alice, bob, carol] = threeMembers({ now: clock.now })
  const dave = MlsContext.create("dave")
  const { commit, welcome } = alice.mls.inviteFull(dave.exportKeyPackage())
  const prepare = send(alice, PrepareTransition, 1, commit)
  for (const peer of [bob, carol]) {
    const control = receive(peer, prepare).at(-1)
    expect(control).toMatchObject({ kind: "control", opcode: "PREPARE_TRANSITION", sender: 1, transitionId: 1 })
    peer.mls.processMessage(control!.args!)
  }
  return { clock, alice, bob, carol, dave, commit, welcome }
}

describe("a transition", () => {
  it("is not executed while somebody else's commit would take effect in its place", () => {
    const { alice, bob, carol } = prepared()
    for (const peer of [bob, carol]) receive(alice, send(peer, ReadyForTransition, 1))
    carol.mls.clearPendingCommit()
    alice.mls.processMessage(carol.mls.removeMember(bob.mls.leafIndex))
    expect(() => send(alice, ExecuteTransition, 1)).toThrow(code("wrong_transition"))
    send(alice, AbortTransition, 1)
    expect(alice.node.pendingTransitionId).toBe(0)
  })

  it("takes everybody from one epoch to the next, and lets the newcomer in", () => {
    const { alice, bob, carol, dave, welcome } = prepared()
    for (const peer of [bob, carol]) receive(alice, send(peer, ReadyForTransition, 1))
    const execute = send(alice, ExecuteTransition, 1)
    alice.mls.finalizeCommit()
    alice.node.applyTransition(1)
    for (const peer of [bob, carol]) {
      expect(seen(receive(peer, execute))).toEqual(["epoch_advanced", "control EXECUTE_TRANSITION"])
      peer.mls.finalizeCommit()
    }
    dave.acceptWelcome(welcome)
    const node = GroupNode.create(4, dave.groupId)
    node.bootstrapAsJoiner(dave.epoch)
    node.applyTransition(1)
    const all = [alice, bob, carol, { node, mls: dave }]
    expect(all.map((peer) => [peer.node.epoch, peer.node.lastTransitionId, peer.node.pendingTransitionId])).toEqual(
      all.map(() => [2n, 1, 0]),
    )
    const { wire } = GtpClient.create().send(node, dave, 0, 1n, "hello")
    expect(receive(bob, wire).at(-1)).toMatchObject({ kind: "payload_received", sender: 4 })
  })

  it("is not executed before everybody is ready, and says who is missing", () => {
    const { alice, bob, carol } = prepared()
    const missing = expect.objectContaining({
      code: "members_not_ready",
      missing: [{ leafIndex: 2, memberId: undefined }],
    })
    receive(alice, send(bob, ReadyForTransition, 1))
    expect(() => send(alice, ExecuteTransition, 1)).toThrow(missing)
    receive(alice, send(carol, ReadyForTransition, 1))
    expect(() => send(alice, ExecuteTransition, 1)).not.toThrow()
  })

  it("that is aborted is forgotten by MLS too", () => {
    const { alice, bob, carol } = prepared()
    const abort = send(alice, AbortTransition, 1)
    for (const peer of [bob, carol]) expect(seen(receive(peer, abort))).toEqual(["control ABORT_TRANSITION"])
    for (const { mls, node } of [alice, bob, carol]) {
      mls.finalizeCommit()
      expect([mls.epoch, node.pendingTransitionId]).toEqual([1n, 0])
    }
    const again = alice.mls.removeMember(2)
    receive(bob, send(alice, PrepareTransition, 2, again))
    expect(bob.node.pendingTransitionId).toBe(2)
  })

  it("is the coordinator's alone", () => {
    const { alice, bob, carol } = prepared()
    for (const opcode of [PrepareTransition, ExecuteTransition, AbortTransition]) {
      expect(() => send(bob, opcode, 1)).toThrow(code("not_coordinator"))
    }
    expect(carol.node.pendingTransitionId).toBe(1)
    expect(alice.node.isCoordinator).toBe(true)
  })

  it("has an id above the last, and a commit that is staged", () => {
    const [alice, bob] = threeMembers()
    const commit = alice.mls.removeMember(2)
    expect(() => send(alice, PrepareTransition, 0, commit)).toThrow(code("wrong_transition"))
    expect(() => send(alice, PrepareTransition, 1, commit.slice(1))).toThrow(code("wrong_transition"))
    expect(() => send(alice, ExecuteTransition, 1)).toThrow(code("wrong_transition"))
    expect(() => send(alice, AbortTransition, 1)).toThrow(code("wrong_transition"))
    const prepare = send(alice, PrepareTransition, 5, commit)
    expect(() => send(alice, PrepareTransition, 6, commit)).toThrow(code("wrong_transition"))
    receive(bob, prepare)
    expect(() => send(bob, ReadyForTransition, 5)).toThrow(code("wrong_transition"))
    bob.mls.processMessage(commit)
    expect(() => send(bob, ReadyForTransition, 4)).toThrow(code("wrong_transition"))
    expect(() => send(bob, ReadyForTransition, 5)).not.toThrow()
    expect(() => bob.node.applyTransition(5)).toThrow(code("wrong_transition"))
  })

  it("is prepared with one commit alone: another needs an abort first, and a higher id", () => {
    const { alice, commit } = prepared()
    expect(() => send(alice, PrepareTransition, 1, commit)).not.toThrow()
    alice.mls.clearPendingCommit()
    const other = alice.mls.removeMember(2)
    expect(() => send(alice, PrepareTransition, 1, other)).toThrow(code("wrong_transition"))
    send(alice, AbortTransition, 1)
    const again = alice.mls.removeMember(2)
    expect(() => send(alice, PrepareTransition, 1, again)).toThrow(code("wrong_transition"))
    expect(() => send(alice, PrepareTransition, 2, again)).not.toThrow()
  })

  it("is nobody's once another has the coordinator's place: what was staged for it is dropped, and its id is used up", () => {
    const { clock, bob, carol, commit } = prepared()
    clock.nowMs += 10_000
    const claim = carol.node.claimCoordinator(carol.mls).wire
    expect(seen(carol.node.drainEvents())).toEqual(["became_coordinator", "transition_abandoned"])
    expect(seen(receive(bob, claim))).toEqual([
      "coordinator_claim 3",
      "transition_abandoned",
      "control CAPABILITIES_ADVERTISE",
    ])
    for (const { mls, node } of [bob, carol]) {
      mls.finalizeCommit()
      expect([mls.epoch, node.pendingTransitionId]).toEqual([1n, 0])
    }
    const own = carol.mls.removeMember(0)
    expect(() => send(carol, PrepareTransition, 1, own)).toThrow(code("wrong_transition"))
    const prepare = send(carol, PrepareTransition, 2, own)
    receive(carol, readyOf(bob, prepare, own))
    expect(seen(receive(bob, send(carol, ExecuteTransition, 2)))).toContain("epoch_advanced")
    expect(() => bob.mls.processMessage(commit)).toThrow(code("commit_pending"))
  })

  it("of a coordinator that is gone does not hold up one who never heard of it", () => {
    const clock = new TestClock()
    const [alice, bob, carol] = threeMembers({ now: clock.now })
    for (const peer of [bob, carol]) receive(peer, alice.node.claimCoordinator(alice.mls).wire)
    const { commit } = alice.mls.inviteFull(MlsContext.create("dave").exportKeyPackage())
    readyOf(bob, send(alice, PrepareTransition, 1, commit), commit)
    clock.nowMs += 10_000
    receive(bob, carol.node.claimCoordinator(carol.mls).wire)
    const own = carol.mls.removeMember(0)
    receive(carol, readyOf(bob, send(carol, PrepareTransition, 1, own), own))
    expect(seen(receive(bob, send(carol, ExecuteTransition, 1)))).toContain("epoch_advanced")
  })

  it("that the same coordinator goes on with is not dropped for its sign of life", () => {
    const { alice, bob } = prepared()
    expect(seen(receive(bob, alice.node.claimCoordinator(alice.mls).wire))).not.toContain("transition_abandoned")
    expect(bob.node.pendingTransitionId).toBe(1)
  })

  it("that was executed already is not dropped for a new coordinator", () => {
    const { clock, alice, bob, carol, commit } = prepared()
    for (const peer of [bob, carol]) receive(alice, send(peer, ReadyForTransition, 1))
    bob.mls.clearPendingCommit()
    receive(bob, send(alice, ExecuteTransition, 1))
    clock.nowMs += 10_000
    bob.mls.processMessage(commit)
    receive(bob, carol.node.claimCoordinator(carol.mls).wire)
    bob.mls.finalizeCommit()
    bob.node.applyTransition(1)
    expect([bob.node.epoch, bob.node.lastTransitionId]).toEqual([2n, 1])
  })

  it("waits for nobody where nobody else was there before", () => {
    const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
    const { welcome } = alice.inviteFull(bob.exportKeyPackage())
    bob.acceptWelcome(welcome)
    const [creator, joiner] = [GroupNode.create(1, alice.groupId), GroupNode.create(2, alice.groupId)]
    creator.bootstrapAsCreator(0)
    joiner.bootstrapAsJoiner(0, 1)
    expect([joiner.pendingTransitionId, joiner.epoch]).toEqual([1, 0n])
    alice.finalizeCommit()
    const execute = creator.sendControl(alice, 0, ExecuteTransition, 1, 7)
    creator.applyTransition(1)
    expect(joiner.onWire(bob, execute.wire).filter(({ kind }) => kind === "error")).toEqual([])
    expect([creator, joiner].map((node) => [node.epoch, node.lastTransitionId, node.state])).toEqual(
      [1, 2].map(() => [1n, 1, NodeState.Active]),
    )
  })

  it("may be in effect before it is told: who has its commit opens the EXECUTE of the new epoch", () => {
    const { alice, bob, carol } = prepared()
    for (const peer of [bob, carol]) receive(alice, send(peer, ReadyForTransition, 1))
    alice.mls.finalizeCommit()
    const execute = send(alice, ExecuteTransition, 1)
    expect(receive(bob, execute)[0]).toEqual({ kind: "epoch_advanced", epoch: 2n, transitionId: 1 })
    bob.mls.finalizeCommit()
    expect([alice, bob].map(({ node }) => [node.epoch, node.lastTransitionId])).toEqual([
      [2n, 1],
      [2n, 1],
    ])
    carol.mls.clearPendingCommit()
    expect(seen(receive(carol, execute))).toEqual(["error 0x0003"])
  })

  it("whose PREPARE is missing is no reason to trust its EXECUTE: the node resynchronises", () => {
    const [alice, bob, carol] = threeMembers()
    const prepare = send(alice, PrepareTransition, 1, alice.mls.removeMember(2))
    bob.mls.processMessage(receive(bob, prepare).at(-1)!.args!)
    receive(alice, send(bob, ReadyForTransition, 1))
    const execute = send(alice, ExecuteTransition, 1)
    expect(seen(receive(carol, execute))).toEqual(["state_changed RESYNCING", "error 0x0004"])
    expect([carol.node.state, carol.node.lastTransitionId]).toEqual([NodeState.Resyncing, 0])
  })

  it("whose commit comes in late is taken up by hand", () => {
    const [alice, bob, carol] = threeMembers()
    const commit = alice.mls.removeMember(2)
    const prepare = send(alice, PrepareTransition, 1, commit)
    receive(carol, prepare)
    receive(bob, prepare)
    bob.mls.processMessage(commit)
    receive(alice, send(bob, ReadyForTransition, 1))
    bob.mls.clearPendingCommit()
    expect(seen(receive(bob, send(alice, ExecuteTransition, 1)))).toEqual(["state_changed RESYNCING", "error 0x0004"])
    bob.mls.processMessage(commit)
    bob.mls.finalizeCommit()
    bob.node.applyTransition(1)
    expect([bob.node.state, bob.node.epoch, bob.node.lastTransitionId]).toEqual([NodeState.Active, 2n, 1])
  })
})

/** Carol missed a PREPARE, and what became of it. */
function lost(): readonly [TestPeer, TestPeer, TestPeer] {
  const [alice, bob, carol] = threeMembers()
  for (const { node, mls } of [alice, carol]) node.bindMember(mls, 1, 2)
  alice.node.bindMember(alice.mls, 2, 3)
  const commit = alice.mls.removeMember(1)
  const prepare = send(alice, PrepareTransition, 1, commit)
  receive(alice, readyOf(carol, prepare, commit))
  const execute = send(alice, ExecuteTransition, 1)
  carol.mls.clearPendingCommit()
  receive(carol, execute)
  alice.mls.finalizeCommit()
  carol.mls.processMessage(commit)
  carol.mls.finalizeCommit()
  return [alice, bob, carol]
}

describe("a node that resynchronises", () => {
  const { GroupStateDigestResponse } = ControlOpcode
  it("is active once somebody's digest agrees with what it has", () => {
    const [alice, , carol] = lost()
    expect([carol.node.state, carol.node.lastTransitionId]).toEqual([NodeState.Resyncing, 0])
    const answer = send(alice, GroupStateDigestResponse, 1, alice.node.stateDigest(alice.mls))
    expect(seen(receive(carol, answer))).toContain("state_changed ACTIVE")
    expect([carol.node.state, carol.node.lastTransitionId]).toEqual([NodeState.Active, 1])
  })

  it("stays so as long as it does not: whatever is said, it goes on", () => {
    const [alice, , carol] = lost()
    const digest = alice.node.stateDigest(alice.mls)
    const other = digest.slice()
    other[digest.length - 40]! ^= 1
    for (const args of [other, digest.slice(1)]) {
      const answer = receive(carol, send(alice, GroupStateDigestResponse, 1, args))
      expect(answer).toMatchObject([{ kind: "error", fatal: false }])
    }
    expect(carol.node.state).toBe(NodeState.Resyncing)
    expect(() => carol.node.stateDigest(carol.mls)).not.toThrow()
    const [unknown] = threeMembers()
    expect(() => unknown.node.stateDigest(unknown.mls)).toThrow(code("wrong_state"))
  })
})

describe("the time of a transition", () => {
  it("is over at the coordinator after 5 s: it can only be aborted then", () => {
    const { clock, alice, bob, carol } = prepared()
    for (const peer of [bob, carol]) receive(alice, send(peer, ReadyForTransition, 1))
    clock.nowMs += 4999
    expect(alice.node.checkTimeouts()).toEqual([])
    clock.nowMs += 1
    expect(seen(alice.node.checkTimeouts())).toEqual(["error 0x0010"])
    expect(alice.node.checkTimeouts()).toEqual([])
    expect(() => send(alice, ExecuteTransition, 1)).toThrow(code("wrong_transition"))
    expect(() => send(alice, AbortTransition, 1)).not.toThrow()
  })

  it("is over for who is ready after 10 s", () => {
    const { clock, bob } = prepared()
    clock.nowMs += 5000
    send(bob, ReadyForTransition, 1)
    expect(bob.node.checkTimeouts(clock.nowMs + 4999)).toEqual([])
    expect(seen(bob.node.checkTimeouts(clock.nowMs + 10_000))).toContain("error 0x0012")
  })
})

describe("the coordinator's place", () => {
  it("is taken by a claim after it was silent for 10 s", () => {
    const { clock, alice, bob, carol } = prepared()
    expect(() => bob.node.claimCoordinator(bob.mls)).toThrow(code("coordinator_is_active"))
    clock.nowMs += 10_000
    expect(seen(bob.node.checkTimeouts())).toEqual(["error 0x0012", "error 0x0013", "coordinator_election_needed"])
    const claim = bob.node.claimCoordinator(bob.mls).wire
    expect(bob.node.isCoordinator).toBe(true)
    expect(seen(receive(carol, claim))).toEqual([
      "coordinator_claim 2",
      "transition_abandoned",
      "control CAPABILITIES_ADVERTISE",
    ])
    expect(seen(receive(carol, send(alice, AbortTransition, 1)))).toEqual(["error 0x0008"])
  })

  it("is not given to whoever claims it while there is a coordinator", () => {
    const clock = new TestClock()
    const [alice, bob, carol] = threeMembers({ now: clock.now })
    receive(carol, send(alice, PrepareTransition, 1, alice.mls.removeMember(1)))
    clock.nowMs += 10_000
    const impatient = bob.node.claimCoordinator(bob.mls).wire
    clock.nowMs -= 1
    expect(seen(receive(carol, impatient))).toEqual(["error 0x0008"])
  })

  it("stays with the lower member id of two who claim at once", () => {
    const clock = new TestClock()
    const [alice, bob, carol] = threeMembers({ now: clock.now })
    for (const peer of [bob, carol]) receive(peer, alice.node.claimCoordinator(alice.mls).wire)
    clock.nowMs += 10_000
    const [claimOfBob, claimOfCarol] = [bob, carol].map(({ node, mls }) => node.claimCoordinator(mls).wire)
    receive(bob, claimOfCarol!)
    receive(carol, claimOfBob!)
    expect([bob, carol].map(({ node }) => node.isCoordinator)).toEqual([true, false])
  })

  it("takes with it what whoever steps down had prepared", () => {
    const clock = new TestClock()
    const [alice, bob, carol] = threeMembers({ now: clock.now })
    for (const peer of [bob, carol]) receive(peer, alice.node.claimCoordinator(alice.mls).wire)
    clock.nowMs += 10_000
    const claimOfBob = bob.node.claimCoordinator(bob.mls).wire
    carol.node.claimCoordinator(carol.mls)
    send(carol, PrepareTransition, 1, carol.mls.removeMember(0))
    expect(carol.node.pendingTransitionId).toBe(1)
    receive(carol, claimOfBob)
    carol.mls.finalizeCommit()
    expect([carol.node.pendingTransitionId, carol.mls.epoch]).toEqual([0, 1n])
  })
})

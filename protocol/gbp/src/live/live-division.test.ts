import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encodeAbort, OPCODES } from "../control-args.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import { encodeReady } from "./ready-args.ts"
import { FakeGroup } from "./testing/fake-group.ts"
import type { FakeChange } from "./testing/fake-group.ts"
import { control, LiveMesh } from "./testing/live-mesh.ts"

/** A commit of the first member, and its group in the epoch after, as somebody has it who makes more commits than one. */
function commitOf(mesh: LiveMesh, change: FakeChange): { readonly commit: Uint8Array; readonly after: FakeGroup } {
  const { epoch, memberIds, history } = mesh.at(1).group
  const after = FakeGroup.join(1, toUtf8(JSON.stringify({ epoch: String(epoch), memberIds, history })))
  const staged = after.stageOwn(change)
  if (staged.kind !== "staged") throw new Error(staged.kind)
  after.merge()
  return { commit: staged.commit, after }
}

/** Four members, of whom the first prepares one commit for the second and third and another for the fourth. */
function divided(): { readonly mesh: LiveMesh; readonly one: FakeGroup; readonly other: FakeGroup } {
  const mesh = LiveMesh.of(4)
  mesh.at(1).isOn = false
  const [one, other] = [commitOf(mesh, { add: 5 }), commitOf(mesh, { add: 6 })]
  const prepare = (commit: Uint8Array) => mesh.at(1).group.seal(control(1, OPCODES.PREPARE_TRANSITION, 4, commit))
  for (const id of [2, 3]) mesh.deliver(id, prepare(one.commit))
  mesh.deliver(4, prepare(other.commit))
  return { mesh, one: one.after, other: other.after }
}

const epochs = (mesh: LiveMesh) => [2, 3, 4].map((id) => mesh.at(id).group.epoch)

describe("a coordinator that prepares one commit for some and another for others", () => {
  it("gets neither followed, though it executes both", () => {
    const { mesh, one, other } = divided()
    mesh.run(100)
    const execute = control(1, OPCODES.EXECUTE_TRANSITION, 4)
    for (const id of [2, 3]) mesh.deliver(id, one.seal(execute))
    mesh.deliver(4, other.seal(execute))
    mesh.run(60_000)
    expect(epochs(mesh)).toEqual([3n, 3n, 3n])
    expect(mesh.told(2, "epoch_advanced")).toHaveLength(3)
  })

  it("is found out, and told of the report", () => {
    const { mesh } = divided()
    mesh.run(100)
    expect(mesh.told(2, "preparation_divided")).toEqual([
      { kind: "preparation_divided", coordinatorId: 1, transitionId: 4, senderId: 4 },
    ])
    expect(mesh.told(4, "preparation_divided").map(({ senderId }) => senderId)).toEqual([2, 3])
    expect(FakeGroup.read(mesh.frame(4, OPCODES.REPORT_INVALID_COMMIT)).message.transitionId).toBe(4)
  })

  it("is told of once for each member that says so, however often", () => {
    const { mesh } = divided()
    mesh.run(100)
    const { args } = mesh.read(4, OPCODES.READY_FOR_TRANSITION)
    for (let at = 0; at < 5; at++) mesh.deliver(2, mesh.at(4).group.seal(control(4, 2, 4, args)))
    expect(mesh.told(2, "preparation_divided")).toHaveLength(1)
  })

  it("and prepares another after it executed is found out by those who followed", () => {
    const mesh = LiveMesh.of(4)
    const { args } = mesh.read(2, OPCODES.READY_FOR_TRANSITION)
    const late = mesh.at(2).group.seal(control(2, 2, 5, args))
    mesh.request(1, { add: 5 })
    mesh.run(100)
    mesh.deliver(3, late)
    expect(mesh.told(3, "preparation_divided")).toEqual([
      { kind: "preparation_divided", coordinatorId: 1, transitionId: 5, senderId: 2 },
    ])
  })
})

describe("an execution", () => {
  it("that not everybody was ready for is not followed, and is once they are", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (to, _, from) => to !== 3 || from !== 2
    mesh.request(1, { add: 5 })
    mesh.run(1_000)
    expect([mesh.at(2).group.epoch, mesh.at(3).group.epoch]).toEqual([4n, 3n])
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
    mesh.run(4_000)
    expect(mesh.at(3).group.epoch).toBe(4n)
  })

  it("is followed by somebody to whom one member told another commit, once that member's true word is handed on", () => {
    const mesh = LiveMesh.of(4)
    const lie = encodeReady({ coordinatorId: 1, commitHash: new Uint8Array(32) })
    mesh.passes = (to, _, from) => to !== 3 || from !== 2
    mesh.deliver(3, mesh.at(2).group.seal(control(2, OPCODES.READY_FOR_TRANSITION, 4, lie)))
    mesh.request(1, { add: 5 })
    mesh.run(1_000)
    expect(mesh.told(3, "preparation_divided")).toHaveLength(1)
    expect(mesh.at(3).group.epoch).toBe(3n)
    mesh.run(4_000)
    expect(mesh.at(3).group.epoch).toBe(4n)
  })

  it("without a quorum holds a member for half a minute, and not for longer", () => {
    const mesh = LiveMesh.of(3)
    const { commit, after } = commitOf(mesh, { add: 4 })
    mesh.at(1).isOn = false
    mesh.passes = (to) => to !== 3
    mesh.deliver(3, mesh.at(1).group.seal(control(1, OPCODES.PREPARE_TRANSITION, 3, commit)))
    mesh.deliver(3, after.seal(control(1, OPCODES.EXECUTE_TRANSITION, 3)))
    mesh.run(15_000)
    mesh.passes = () => true
    mesh.request(2, { remove: 1 })
    mesh.run(5_000)
    expect(mesh.at(3).control.pendingTransitionId).toBe(3)
    mesh.run(20_000)
    expect([2, 3].map((id) => mesh.at(id).group.memberIds)).toEqual([
      [2, 3],
      [2, 3],
    ])
  })
})

/** Four members; the second uses one key twice: for its true word, which the third does not get, and for nothing to the third. */
function liedTo(): LiveMesh {
  const mesh = LiveMesh.of(4)
  mesh.passes = (to, bytes, from) => {
    if (to !== 3 || from !== 2) return true
    if (mesh.opcodeOf(bytes) === OPCODES.READY_FOR_TRANSITION) mesh.deliver(3, FakeGroup.twin(bytes, toUtf8("?")))
    return false
  }
  mesh.request(1, { add: 5 })
  return mesh
}

describe("a member whose word does not open", () => {
  it("has given it once they speak in the epoch that it is for", () => {
    const mesh = liedTo()
    mesh.run(1_000)
    expect([2, 3].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 3n])
    mesh.passes = () => true
    mesh.run(20_000)
    expect(mesh.at(3).group.epoch).toBe(4n)
    expect(mesh.at(3).control.endpoint).toBe("active")
  })

  it("and who says nothing more leaves nobody waiting for ever", () => {
    const mesh = liedTo()
    mesh.run(30_000)
    expect(mesh.told(3, "must_rejoin")).toEqual([])
    mesh.run(30_000)
    expect(mesh.told(3, "must_rejoin")).toEqual([{ kind: "must_rejoin", code: ERROR_REGISTRY.EXECUTE_TIMEOUT.code }])
    expect([1, 2, 4, 5].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 4n, 4n, 4n])
  })

  it("is waited for while nobody can be asked", () => {
    const mesh = liedTo()
    mesh.run(1_000)
    mesh.passes = (to, _, from) => to !== 3 && from !== 3
    mesh.run(120_000)
    expect(mesh.told(3, "must_rejoin")).toEqual([])
  })
})

describe("whoever is removed", () => {
  it("is told so in the epoch that they can read, and no more", () => {
    const mesh = LiveMesh.of(4)
    mesh.request(1, { remove: 3 })
    mesh.run(100)
    expect(mesh.told(3, "removed")).toEqual([{ kind: "removed" }])
    expect(mesh.at(3).control.endpoint).toBe("closed")
    expect(mesh.at(3).group.open(mesh.frame(1, OPCODES.EXECUTE_TRANSITION)).kind).not.toBe("opened")
  })

  it("learns of it from any other, when they were not there", () => {
    const mesh = LiveMesh.of(4)
    mesh.at(3).isOn = false
    mesh.request(1, { remove: 3 })
    mesh.run(100)
    mesh.at(1).isOn = false
    mesh.at(3).isOn = true
    mesh.run(30_000)
    expect(mesh.told(3, "removed")).toHaveLength(1)
  })

  it("learns of it though the execution overtakes the preparation", () => {
    const mesh = LiveMesh.of(4)
    const held: Uint8Array[] = []
    mesh.passes = (to, bytes) => to !== 3 || held.push(bytes) === 0
    mesh.request(1, { remove: 3 })
    mesh.run(100)
    mesh.passes = () => true
    for (const bytes of held.toReversed()) mesh.deliver(3, bytes)
    expect(mesh.told(3, "removed")).toHaveLength(1)
  })
})

describe("what does not open a second time", () => {
  it("is not needed again: who gave up a preparation and is handed it goes on from what they kept", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (to, bytes) => to === 4 || mesh.opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { add: 5 })
    mesh.run(200)
    mesh.at(1).isOn = false
    mesh.passes = (to) => to === 3
    mesh.run(25_000)
    expect(mesh.told(2, "transition_aborted")).toHaveLength(1)
    expect([2, 4].map((id) => mesh.at(id).group.epoch)).toEqual([3n, 4n])
    mesh.passes = () => true
    mesh.run(40_000)
    expect([2, 3, 4].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 4n, 4n])
  })

  it("is kept where it came before what it belongs to", () => {
    const mesh = LiveMesh.of(4)
    const held: Uint8Array[] = []
    mesh.passes = (to, bytes) => to !== 3 || held.push(bytes) === 0
    mesh.request(1, { remove: 4 })
    mesh.run(30)
    const [prepare, ...rest] = held
    mesh.passes = () => true
    for (const bytes of rest) mesh.deliver(3, bytes)
    mesh.deliver(3, prepare!)
    mesh.run(100)
    expect([2, 3].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 4n])
  })

  it("is kept of an epoch that is not here yet", () => {
    const mesh = LiveMesh.of(3)
    const held: Uint8Array[] = []
    mesh.passes = (to, bytes) =>
      to !== 3 || mesh.opcodeOf(bytes) !== OPCODES.READY_FOR_TRANSITION || held.push(bytes) === 0
    mesh.request(1, { add: 4 })
    mesh.request(1, { remove: 2 })
    mesh.run(500)
    expect(mesh.at(3).group.epoch).toBe(2n)
    mesh.passes = () => true
    for (const bytes of held) mesh.deliver(3, bytes)
    mesh.run(50)
    expect([1, 3, 4].map((id) => mesh.at(id).group.memberIds)).toEqual([
      [1, 3, 4],
      [1, 3, 4],
      [1, 3, 4],
    ])
  })

  it("is not followed if it was given up before it came", () => {
    const mesh = LiveMesh.of(4)
    mesh.at(1).isOn = false
    const { commit } = commitOf(mesh, { remove: 4 })
    const [prepare, abort] = [control(1, 1, 4, commit), control(1, 4, 4, encodeAbort(17))]
    mesh.deliver(3, mesh.at(1).group.seal(abort))
    mesh.deliver(3, mesh.at(1).group.seal(prepare))
    expect(mesh.at(3).control.pendingTransitionId).toBe(0)
  })
})

/** A member in the epoch after a commit of the first. */
function inEpochOf(after: FakeGroup, memberId: number): FakeGroup {
  const { epoch, memberIds, history } = after
  return FakeGroup.join(memberId, toUtf8(JSON.stringify({ epoch: String(epoch), memberIds, history })))
}

/**
 * Four members. The third said to be ready for what the first prepared, then for what the second did; both are gone, and it looks
 * whether the former was executed after all. It has the second's word for that.
 */
function lookingBack(later: FakeChange): { readonly mesh: LiveMesh; readonly after: FakeGroup } {
  const mesh = LiveMesh.of(4)
  // What the others hold, or say to hold, is written by hand.
  mesh.at(3).group.onMerge = () => undefined
  mesh.at(1).isOn = false
  const { commit, after } = commitOf(mesh, { add: 5 })
  const ready = encodeReady({ coordinatorId: 1, commitHash: after.hash(commit) })
  mesh.deliver(3, mesh.at(2).group.seal(control(2, OPCODES.READY_FOR_TRANSITION, 4, ready)))
  mesh.deliver(3, mesh.at(1).group.seal(control(1, OPCODES.PREPARE_TRANSITION, 4, commit)))
  mesh.run(14_000)
  mesh.passes = (to, bytes, from) => from !== 5 && (to !== 2 || mesh.opcodeOf(bytes) !== OPCODES.READY_FOR_TRANSITION)
  mesh.request(2, later)
  mesh.run(40)
  mesh.at(2).isOn = false
  mesh.at(4).isOn = false
  mesh.passes = () => false
  mesh.run(40_000)
  mesh.at(3).control.behind(mesh.nowMs)
  mesh.run(31_000)
  mesh.at(3).control.behind(mesh.nowMs)
  return { mesh, after }
}

const ack = (senderId: number) => control(senderId, OPCODES.ACK, 4)

describe("a member who is bound to one transition and looks whether one before it was executed", () => {
  it("follows it once the coordinator of the later one speaks in its epoch, and has given that up", () => {
    const { mesh, after } = lookingBack({ remove: 1 })
    for (const id of [2, 4, 5]) mesh.deliver(3, inEpochOf(after, id).seal(ack(id)))
    mesh.deliver(3, after.seal(control(1, OPCODES.EXECUTE_TRANSITION, 4)))
    expect(mesh.at(3).group.history).toBe(after.history)
  })

  it("does not follow it for the word of its newcomer, who speaks in its epoch before they are let in", () => {
    const { mesh, after } = lookingBack({ add: 5 })
    const commitHash = after.hash(mesh.read(2, OPCODES.PREPARE_TRANSITION).args)
    const ready = encodeReady({ coordinatorId: 2, commitHash })
    mesh.deliver(3, mesh.at(1).group.seal(control(1, OPCODES.READY_FOR_TRANSITION, 5, ready)))
    for (const id of [5, 4]) mesh.deliver(3, inEpochOf(after, id).seal(ack(id)))
    mesh.deliver(3, after.seal(control(1, OPCODES.EXECUTE_TRANSITION, 4)))
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
    expect(mesh.at(3).group.history).not.toBe(after.history)
  })

  it("is not bound again to what was given up for it", () => {
    const { mesh, after } = lookingBack({ remove: 1 })
    mesh.deliver(3, inEpochOf(after, 2).seal(ack(2)))
    mesh.deliver(3, mesh.at(2).group.seal(mesh.read(2, OPCODES.PREPARE_TRANSITION)))
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
  })
})

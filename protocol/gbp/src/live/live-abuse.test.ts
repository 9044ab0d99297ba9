import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ControlMessage } from "../control.ts"
import { encodeCoordinatorClaim, encodeDigestRequest, OPCODES } from "../control-args.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import type { ErrorName } from "../error-registry.ts"
import { encodeReady } from "./ready-args.ts"
import type { FakeChange } from "./testing/fake-group.ts"
import { commitBy, control, LiveMesh } from "./testing/live-mesh.ts"

const ASK = encodeDigestRequest({ sinceTransitionId: 0 })

/** Four members, of whom the first wants the last removed; the others are ready for it, and that is not heard. */
function waitingForReady(change: FakeChange = { remove: 4 }): LiveMesh {
  const mesh = LiveMesh.of(4)
  mesh.passes = (_, bytes) => mesh.opcodeOf(bytes) !== OPCODES.READY_FOR_TRANSITION
  mesh.request(1, change)
  mesh.run(50)
  return mesh
}

/** Ready for a commit of the first member that there is not. */
const readyFor = (fill: number) => encodeReady({ coordinatorId: 1, commitHash: new Uint8Array(32).fill(fill) })

/** Each abuse, and the code that whoever tries it gets. */
describe("a member who does what they may not", () => {
  type Abuse = readonly [string, (mesh: LiveMesh) => ControlMessage, ErrorName]
  const ABUSES: readonly Abuse[] = [
    ["prepares without being coordinator", (mesh) => control(2, 1, 4, commitBy(mesh, 2)), "STREAM_POLICY_VIOLATION"],
    ["writes the coordinator's name", () => control(1, 1, 4), "STREAM_POLICY_VIOLATION"],
    ["asks in another's name", () => control(1, 5, 0, ASK), "STREAM_POLICY_VIOLATION"],
    [
      "claims to be coordinator while the other is there",
      () => control(2, 8, 0, encodeCoordinatorClaim()),
      "STREAM_POLICY_VIOLATION",
    ],
    ["executes what nobody prepared", () => control(2, 3, 4), "TRANSITION_MISMATCH"],
    ["executes what was executed before", () => control(2, 3, 3), "TRANSITION_MISMATCH"],
    ["aborts what nobody prepared", () => control(2, 4, 4), "TRANSITION_MISMATCH"],
    ["is ready without saying for what", () => control(2, 2, 4), "STREAM_POLICY_VIOLATION"],
    ["is ready for a number out of reach", () => control(2, 2, 70_000, readyFor(4)), "TRANSITION_MISMATCH"],
    ["is ready for no transition at all", () => control(2, 2, 0), "TRANSITION_MISMATCH"],
    ["prepares a transition again that is over", () => control(2, 1, 3), "TRANSITION_MISMATCH"],
    ["prepares with number 0", () => control(2, 1, 0), "TRANSITION_MISMATCH"],
    ["reports a commit that nobody made", () => control(2, 7, 4), "STREAM_POLICY_VIOLATION"],
    ["answers a question that nobody asked", () => control(2, 6, 3), "STREAM_POLICY_VIOLATION"],
    ["asks what cannot be read", () => control(2, 5, 0, toUtf8("?")), "STREAM_POLICY_VIOLATION"],
    ["uses an opcode that there is not", () => control(2, 99, 0), "STREAM_POLICY_VIOLATION"],
  ]
  it.each(ABUSES)("%s, changes nothing and is told so", (_, abuse, name) => {
    const mesh = LiveMesh.of(4)
    const message = abuse(mesh)
    const before = mesh.at(3).group.history
    mesh.deliver(3, mesh.at(2).group.seal(message))
    expect(mesh.told(3, "refused").at(-1)).toEqual({
      kind: "refused",
      senderId: 2,
      opcode: message.opcode,
      code: ERROR_REGISTRY[name].code,
    })
    expect(mesh.at(3).group.history).toBe(before)
    expect(mesh.at(3).control.pendingTransitionId).toBe(0)
    mesh.run(100)
    if (message.opcode !== OPCODES.NACK) {
      expect(mesh.told(2, "nacked").at(-1)).toMatchObject({ senderId: 3, code: ERROR_REGISTRY[name].code })
    }
  })

  const PENDING: readonly Abuse[] = [
    ["executes the coordinator's transition", () => control(2, 3, 4), "TRANSITION_MISMATCH"],
    ["aborts the coordinator's transition", () => control(2, 4, 4), "STREAM_POLICY_VIOLATION"],
    ["prepares another under its number", (mesh) => control(2, 1, 4, commitBy(mesh, 2)), "STREAM_POLICY_VIOLATION"],
    [
      "prepares another under the next number",
      (mesh) => control(2, 1, 5, commitBy(mesh, 2)),
      "STREAM_POLICY_VIOLATION",
    ],
  ]
  it.each(PENDING)("%s, while somebody is ready for it, and changes nothing", (_, abuse, name) => {
    const mesh = LiveMesh.of(4)
    const message = abuse(mesh)
    mesh.passes = (__, bytes) => mesh.opcodeOf(bytes) !== OPCODES.READY_FOR_TRANSITION
    mesh.request(1, { remove: 4 })
    mesh.run(50)
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
    mesh.deliver(3, mesh.at(2).group.seal(message))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ senderId: 2, code: ERROR_REGISTRY[name].code })
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
  })

  it("claims the place of a coordinator that is there gets nothing from it", () => {
    const mesh = LiveMesh.of(3)
    mesh.deliver(1, mesh.at(2).group.seal(control(2, 8, 0, encodeCoordinatorClaim())))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({
      senderId: 2,
      code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code,
    })
    expect(mesh.at(1).control.coordinatorId).toBe(1)
  })

  it("as coordinator leaps to the last number there is leaves enough for others", () => {
    const mesh = LiveMesh.of(4)
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 0xffff_ffff, commitBy(mesh, 1))))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
    expect(mesh.at(3).control.pendingTransitionId).toBe(0)
  })

  it("as coordinator gives the last id there is to a newcomer is not followed", () => {
    const mesh = LiveMesh.of(3)
    mesh.deliver(2, mesh.at(1).group.seal(control(1, 1, 3, commitBy(mesh, 1, { add: 999_999 }))))
    expect(mesh.told(2, "refused").map(({ code }) => code)).toContain(ERROR_REGISTRY.COMMIT_INVALID.code)
    expect(mesh.at(2).group.memberIds).toEqual([1, 2, 3])
  })

  it("is ready for another's commit under the same number does not count", () => {
    const mesh = waitingForReady()
    for (const id of [2, 3]) mesh.deliver(1, mesh.at(id).group.seal(control(id, 2, 4, readyFor(0))))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
  })

  it("is ready in place of another does not make a quorum", () => {
    const mesh = LiveMesh.of(4)
    mesh.at(3).isOn = false
    mesh.request(1, { remove: 4 })
    mesh.run(50)
    const args = mesh.read(2, OPCODES.READY_FOR_TRANSITION).args
    for (let i = 0; i < 3; i++) mesh.deliver(1, mesh.at(2).group.seal(control(2, 2, 4, args)))
    mesh.deliver(1, mesh.at(2).group.seal(control(3, 2, 4, args)))
    expect(mesh.at(1).control.lastTransitionId).toBe(3)
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
  })

  it("as coordinator prepares twice under one number gets one of them followed", () => {
    const mesh = LiveMesh.of(4)
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 4, commitBy(mesh, 1))))
    const other = mesh.at(1).group.stageOwn({ remove: 2 })
    if (other.kind !== "staged") throw new Error(other.kind)
    mesh.at(1).group.clear()
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 4, other.commit)))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_IN_PROGRESS.code })
    expect(mesh.at(3).group.staged?.left).toEqual([4])
    expect(mesh.told(3, "preparation_divided")).toMatchObject([{ coordinatorId: 1, transitionId: 4, senderId: 1 }])
  })

  it("as coordinator prepares one after the other gets the last of them followed, and never two", () => {
    const mesh = LiveMesh.of(4)
    for (let id = 4; id < 50; id++) mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, id, commitBy(mesh, 1))))
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 20, commitBy(mesh, 1))))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_IN_PROGRESS.code })
    expect(mesh.at(3).control.pendingTransitionId).toBe(49)
  })

  it("as coordinator makes a commit that cannot be followed is told, and tries no more often than the limits allow", () => {
    const mesh = LiveMesh.of(4)
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 4, toUtf8("no commit"))))
    mesh.run(50)
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.COMMIT_INVALID.code })
    expect(mesh.at(3).control.pendingTransitionId).toBe(0)
  })

  it("as coordinator gives a newcomer an id that was used is not followed", () => {
    const mesh = LiveMesh.of(4)
    mesh.request(1, { remove: 4 })
    mesh.run(200)
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 1, 5, commitBy(mesh, 1, { add: 4 }))))
    expect(mesh.told(3, "refused").map(({ code }) => code)).toContain(ERROR_REGISTRY.COMMIT_INVALID.code)
    expect(mesh.at(3).group.memberIds).toEqual([1, 2, 3])
  })

  it("seals a preparation in an epoch that is over is told the epoch", () => {
    const mesh = LiveMesh.of(4)
    const message = control(1, 1, 9, commitBy(mesh, 1))
    const frame = mesh.at(1).group.seal(message)
    mesh.request(1, { remove: 2 })
    mesh.run(100)
    mesh.deliver(3, frame)
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.EPOCH_MISMATCH.code })
  })

  it("executes in the old epoch, which proves no quorum, changes nothing", () => {
    const mesh = waitingForReady({ add: 5 })
    mesh.deliver(3, mesh.at(1).group.seal(control(1, 3, 4)))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
  })

  it("hands on the execution that tells of a removal moves nobody but who is removed", () => {
    const mesh = waitingForReady()
    const notice = mesh.at(1).group.seal(control(1, 3, 4))
    for (const id of [2, 3]) mesh.deliver(id, notice)
    expect([2, 3].map((id) => mesh.at(id).group.epoch)).toEqual([3n, 3n])
    expect([2, 3].map((id) => mesh.at(id).control.pendingTransitionId)).toEqual([4, 4])
    mesh.deliver(4, mesh.at(1).group.seal(mesh.read(1, OPCODES.PREPARE_TRANSITION)))
    mesh.deliver(4, notice)
    expect(mesh.told(4, "removed")).toHaveLength(1)
  })

  it("who is not the coordinator cannot tell anybody that they are removed", () => {
    const mesh = waitingForReady()
    mesh.deliver(4, mesh.at(1).group.seal(mesh.read(1, OPCODES.PREPARE_TRANSITION)))
    mesh.deliver(4, mesh.at(2).group.seal(control(2, 3, 4)))
    expect(mesh.told(4, "removed")).toEqual([])
    expect(mesh.told(4, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
  })

  it("executes in the new epoch, where the coordinator has not, changes nothing", () => {
    const mesh = waitingForReady()
    mesh.at(2).group.merge()
    mesh.deliver(3, mesh.at(2).group.seal(control(2, 3, 4)))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({
      senderId: 2,
      code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code,
    })
    expect(mesh.at(3).control.pendingTransitionId).toBe(4)
  })

  it("is ready for their own removal does not count", () => {
    const mesh = waitingForReady()
    const { args } = mesh.read(2, OPCODES.READY_FOR_TRANSITION)
    mesh.deliver(1, mesh.at(4).group.seal(control(4, 2, 4, args)))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({
      senderId: 4,
      code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code,
    })
  })

  it("refuses with an error that cannot be read is not answered for ever", () => {
    const mesh = LiveMesh.of(3)
    mesh.deliver(3, mesh.at(2).group.seal(control(2, 10, 0, toUtf8("?"))))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ opcode: OPCODES.NACK })
    mesh.run(100)
    expect(mesh.told(2, "nacked")).toEqual([])
  })

  it("asks how things stand again and again gets one answer in two seconds", () => {
    const mesh = LiveMesh.of(3)
    const ask = mesh.at(2).group.seal(control(2, 5, 0, ASK))
    let answers = 0
    mesh.passes = (_, bytes) => {
      if (mesh.opcodeOf(bytes) === OPCODES.GROUP_STATE_DIGEST_RESPONSE) answers++
      return true
    }
    for (let i = 0; i < 50; i++) mesh.deliver(3, ask)
    expect(answers).toBe(1)
  })
})

/** Three members; the second takes the place of the first, which was silent, removes it, and hears of it again. */
function removed(): { readonly mesh: LiveMesh; readonly claim: () => Uint8Array } {
  const mesh = LiveMesh.of(3)
  const former = mesh.at(1).group
  mesh.at(1).isOn = false
  mesh.run(14_000)
  mesh.request(2, { remove: 1 })
  mesh.run(100)
  return { mesh, claim: () => former.seal(control(1, 8, 0, encodeCoordinatorClaim())) }
}

describe("somebody who was removed", () => {
  it("does not take the place of whoever removed them with what they seal in the old epoch", () => {
    const { mesh, claim } = removed()
    for (const id of [2, 3]) mesh.deliver(id, claim())
    expect([2, 3].map((id) => mesh.at(id).control.coordinatorId)).toEqual([2, 2])
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ senderId: 1, code: ERROR_REGISTRY.EPOCH_MISMATCH.code })
    mesh.request(2, { remove: 3 })
    mesh.run(100)
    expect(mesh.at(2).group.memberIds).toEqual([2])
  })

  it("does not take the place of a coordinator that is silent", () => {
    const { mesh, claim } = removed()
    mesh.at(2).isOn = false
    mesh.run(11_000)
    mesh.deliver(3, claim())
    expect(mesh.at(3).control.coordinatorId).toBe(2)
  })

  it("is no sign of life of anybody", () => {
    const { mesh, claim } = removed()
    mesh.at(3).isOn = false
    mesh.run(9_000)
    mesh.deliver(2, claim())
    mesh.run(3_000)
    mesh.deliver(2, mesh.at(3).group.seal(control(3, 8, 0, encodeCoordinatorClaim())))
    expect(mesh.at(2).control.coordinatorId).toBe(3)
  })
})

describe("a newcomer who was not let in", () => {
  it("does not take the place of a coordinator that is silent", () => {
    const mesh = waitingForReady({ add: 5 })
    mesh.at(1).isOn = false
    mesh.run(10_500)
    mesh.at(3).group.stageReceived(mesh.read(1, OPCODES.PREPARE_TRANSITION).args, 1)
    mesh.deliver(3, mesh.at(5).group.seal(control(5, 8, 0, encodeCoordinatorClaim())))
    expect(mesh.at(3).control.coordinatorId).not.toBe(5)
  })
})

import { describe, expect, it } from "vitest"
import { decodeInvalidCommit, encodeInvalidCommit, OPCODES } from "../control-args.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import type { ErrorName } from "../error-registry.ts"
import { encodeReady } from "./ready-args.ts"
import { control, LiveMesh } from "./testing/live-mesh.ts"

const TRIES = 3

/** What a member says of the commit that the first has under way. */
function reportOf(mesh: LiveMesh, by: number, name: ErrorName, commitHash?: Uint8Array | null): Uint8Array {
  const { args, transitionId } = mesh.read(1, OPCODES.PREPARE_TRANSITION)
  const hash = commitHash === null ? undefined : (commitHash ?? mesh.at(1).group.hash(args))
  const report = { transitionId, reasonCode: ERROR_REGISTRY[name].code, commitHash: hash }
  return mesh.at(by).group.seal(control(by, OPCODES.REPORT_INVALID_COMMIT, transitionId, encodeInvalidCommit(report)))
}

/** Four members. The first wants the last removed; the third does not hear of it, and the second says nothing but what the test says. */
function underWay(): LiveMesh {
  const mesh = LiveMesh.of(4)
  mesh.passes = (to, _, from) => to !== 3 && from !== 2
  mesh.request(1, { remove: 4 })
  mesh.run(50)
  return mesh
}

describe("a report of a commit", () => {
  it("has it given up and made anew, as often as the limits allow, and names who reported", () => {
    const mesh = underWay()
    for (let at = 0; at < TRIES; at++) mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID"))
    const code = ERROR_REGISTRY.COMMIT_INVALID.code
    expect(mesh.told(1, "commit_reported").map(({ transitionId }) => transitionId)).toEqual([4, 5, 6])
    expect(mesh.told(1, "change_failed")).toEqual([
      { kind: "change_failed", change: { remove: 4 }, code, silent: [], objectors: [2] },
    ])
  })

  it("does not keep its author in the group", () => {
    const mesh = underWay()
    for (let at = 0; at < TRIES; at++) mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID"))
    mesh.passes = (_, __, from) => from !== 2
    mesh.request(1, { remove: 2 })
    mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID"))
    mesh.run(100)
    expect(mesh.at(1).group.memberIds).toEqual([1, 3, 4])
  })

  it("does not take back the word of whoever was ready for it", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (to) => to !== 3
    mesh.request(1, { remove: 4 })
    mesh.run(50)
    mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID"))
    expect(mesh.told(1, "commit_reported")).toHaveLength(1)
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
    mesh.passes = () => true
    mesh.run(6_000)
    expect([1, 2, 3].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 4n, 4n])
  })

  it("that is true, by somebody who was told of a commit that there is not, does not stop it", () => {
    const mesh = LiveMesh.of(4)
    const lie = encodeReady({ coordinatorId: 1, commitHash: new Uint8Array(32) })
    let lies = 0
    mesh.passes = (to, bytes, from) => {
      const isWord = from === 2 && to === 3 && mesh.opcodeOf(bytes) === OPCODES.READY_FOR_TRANSITION
      // Its author's first word to the third member is another one than the rest get.
      if (isWord && lies++ === 0) mesh.deliver(3, mesh.at(2).group.seal(control(2, 2, 4, lie)))
      return !isWord || lies > 1
    }
    mesh.request(1, { add: 5 })
    mesh.run(100)
    expect(mesh.told(3, "preparation_divided")).toHaveLength(1)
    const { reasonCode } = decodeInvalidCommit(mesh.read(3, OPCODES.REPORT_INVALID_COMMIT).args)
    expect(reasonCode).toBe(ERROR_REGISTRY.TRANSITION_MISMATCH.code)
    expect(mesh.told(1, "transition_aborted")).toEqual([])
    expect(mesh.at(1).group.epoch).toBe(4n)
    mesh.run(5_000)
    expect(mesh.at(3).group.epoch).toBe(4n)
  })

  it("that says so before its author is ready does not stop it either, and its author may be ready later", () => {
    const mesh = underWay()
    mesh.deliver(1, reportOf(mesh, 2, "TRANSITION_MISMATCH"))
    expect(mesh.told(1, "commit_reported")).toMatchObject([
      { transitionId: 4, senderId: 2, code: ERROR_REGISTRY.TRANSITION_MISMATCH.code },
    ])
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
    mesh.passes = () => true
    mesh.run(3_000)
    expect(mesh.at(2).group.epoch).toBe(4n)
  })

  it("that names another commit than the one that was made does not stop it", () => {
    const mesh = underWay()
    mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID", new Uint8Array(32)))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({ senderId: 2, code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
  })

  it("that names none does not stop it", () => {
    const mesh = underWay()
    mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID", null))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({
      senderId: 2,
      code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code,
    })
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
  })

  it("by who was not asked does not stop it", () => {
    const mesh = underWay()
    mesh.deliver(1, reportOf(mesh, 4, "COMMIT_INVALID"))
    expect(mesh.told(1, "refused").at(-1)).toMatchObject({ senderId: 4, code: ERROR_REGISTRY.TRANSITION_MISMATCH.code })
    expect(mesh.at(1).control.pendingTransitionId).toBe(4)
  })
})

describe("a change", () => {
  it("that fails for a report does not call those silent who had no time to answer", () => {
    const mesh = underWay()
    for (let at = 0; at < TRIES; at++) mesh.deliver(1, reportOf(mesh, 2, "COMMIT_INVALID"))
    expect(mesh.told(1, "change_failed")[0]?.silent).toEqual([])
  })

  it("of which nobody makes a commit that can be followed names those who say so", () => {
    const mesh = LiveMesh.of(3)
    mesh.at(2).group.stageReceived = () => undefined
    mesh.request(1, { add: 4 })
    mesh.run(500)
    expect(mesh.told(1, "change_failed")).toMatchObject([{ objectors: [2] }])
    expect(mesh.at(3).group.epoch).toBe(2n)
  })
})

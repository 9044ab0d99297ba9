import { fromUtf8, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encodeAbort, OPCODES } from "../control-args.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import { commitBy, control, LiveMesh } from "./testing/live-mesh.ts"

/** Longer than anything but a preparation may be. */
const LONG_BYTES = 100 * 1024

/** The same frame, padded. */
const padded = (frame: Uint8Array, lengthBytes: number) => toUtf8(fromUtf8(frame)!.padEnd(lengthBytes))

/** Four members, of whom the third lacks the second's word for what was executed: it is ready for the epoch of the others. */
function waitingForWord(): LiveMesh {
  const mesh = LiveMesh.of(4)
  mesh.passes = (to, _, from) => to !== 3 || from !== 2
  mesh.request(1, { add: 5 })
  mesh.run(100)
  return mesh
}

/** The next commit of a member who has gone on. */
function nextPreparation(mesh: LiveMesh, by: number, transitionId: number): Uint8Array {
  const message = control(by, OPCODES.PREPARE_TRANSITION, transitionId, commitBy(mesh, by))
  return padded(mesh.at(by).group.seal(message), LONG_BYTES)
}

describe("a long preparation of the epoch that a member is ready for", () => {
  it("is kept, the newest alone, and taken in that epoch", () => {
    const mesh = waitingForWord()
    for (const transitionId of [5, 6, 7]) mesh.deliver(3, nextPreparation(mesh, 1, transitionId))
    mesh.deliver(3, mesh.frame(2, OPCODES.READY_FOR_TRANSITION))
    expect(mesh.at(3).group.epoch).toBe(4n)
    expect(mesh.at(3).control.pendingTransitionId).toBe(7)
    expect(mesh.told(3, "transition_aborted")).toEqual([])
  })

  it("is kept of nobody but who prepared that epoch", () => {
    const mesh = waitingForWord()
    for (const by of [1, 2]) mesh.deliver(3, nextPreparation(mesh, by, 4 + by))
    mesh.deliver(3, mesh.frame(2, OPCODES.READY_FOR_TRANSITION))
    expect(mesh.at(3).group.epoch).toBe(4n)
    expect(mesh.at(3).control.pendingTransitionId).toBe(5)
  })
})

describe("a member who makes frames long", () => {
  it("does not fill what is kept for those who missed something", () => {
    const mesh = LiveMesh.of(4, { loggedBytes: 256 * 1024 })
    const abort = (by: number) => mesh.at(by).group.seal(control(by, OPCODES.ABORT_TRANSITION, 4, encodeAbort(17)))
    for (const by of [2, 4]) mesh.deliver(3, padded(abort(by), 4 * 1024 * 1024))
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({
      senderId: 4,
      code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code,
    })
    mesh.passes = (to, bytes) => to !== 2 || mesh.opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { add: 5 })
    mesh.run(100)
    expect([2, 3].map((id) => mesh.at(id).group.epoch)).toEqual([3n, 4n])
    mesh.passes = (_, __, from) => from !== 1
    mesh.run(30_000)
    expect(mesh.at(2).group.epoch).toBe(4n)
  })

  it("executes with arguments, which no execution has, and is not kept until it can be", () => {
    const mesh = LiveMesh.of(4)
    mesh.at(1).isOn = false
    const prepare = mesh.at(1).group.seal(control(1, 1, 4, commitBy(mesh, 1)))
    for (let at = 0; at < 4; at++) mesh.deliver(4, mesh.at(1).group.seal(control(1, 3, 4, new Uint8Array(1024))))
    mesh.deliver(4, prepare)
    expect(mesh.told(4, "removed")).toEqual([])
    expect(mesh.at(4).control.pendingTransitionId).toBe(4)
  })
})

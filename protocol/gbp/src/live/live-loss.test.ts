import { describe, expect, it } from "vitest"
import { OPCODES } from "../control-args.ts"
import { FakeGroup } from "./testing/fake-group.ts"
import { LiveMesh } from "./testing/live-mesh.ts"

const opcodeOf = (bytes: Uint8Array) => FakeGroup.read(bytes).message.opcode

/** Only the fourth heard that the first executed; the third said to the second to be ready for something else. */
function bound(): LiveMesh {
  const mesh = LiveMesh.of(5)
  mesh.passes = (to, bytes) => to === 4 || opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
  mesh.request(1, { add: 6 })
  mesh.run(100)
  mesh.at(1).isOn = false
  mesh.at(6).isOn = false
  mesh.passes = (to, bytes, from) => to !== 4 && from !== 4 && opcodeOf(bytes) !== OPCODES.ABORT_TRANSITION
  mesh.run(13_000)
  mesh.request(2, { remove: 5 })
  mesh.run(1_000)
  mesh.at(2).isOn = false
  return mesh
}

describe("a coordinator that is gone for good in the middle of a transition", () => {
  it("after a newcomer alone heard that it executed, is followed by the others, who hear it from the newcomer", () => {
    const mesh = LiveMesh.of(2)
    mesh.passes = (to, bytes) => to === 3 || opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { add: 3 })
    mesh.run(100)
    mesh.at(1).isOn = false
    expect([2, 3].map((id) => [mesh.at(id).group.epoch, mesh.at(id).control.pendingTransitionId])).toEqual([
      [1n, 2],
      [2n, 0],
    ])
    mesh.passes = () => true
    mesh.run(40_000)
    expect(mesh.at(2).group.history).toBe(mesh.at(3).group.history)
  })

  it("so that the newcomer's own word is lost too, is followed nevertheless", () => {
    const mesh = LiveMesh.of(2)
    mesh.passes = (to, bytes, from) =>
      to === 3 || to === 1 || (from !== 3 && opcodeOf(bytes) === OPCODES.PREPARE_TRANSITION)
    mesh.request(1, { add: 3 })
    mesh.run(100)
    mesh.at(1).isOn = false
    expect(mesh.at(3).control.pendingTransitionId).toBe(0)
    mesh.passes = () => true
    mesh.run(40_000)
    expect(mesh.at(2).group.history).toBe(mesh.at(3).group.history)
  })

  it("is replaced, though those who wait for its execution tell each other that nothing has changed", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (_, bytes) => opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.at(1).isOn = true
    mesh.request(1, { remove: 2 })
    mesh.run(100)
    mesh.at(1).isOn = false
    mesh.at(2).isOn = false
    mesh.passes = () => true
    mesh.run(90_000)
    expect(mesh.at(4).control.coordinatorId).toBe(3)
  })
})

describe("a member that is bound to what a coordinator prepared that is gone for good", () => {
  it("is free once somebody, without whose word it cannot have been executed, shows to have gone another way", () => {
    const mesh = bound()
    expect([3, 4].map((id) => mesh.at(id).group.epoch)).toEqual([4n, 5n])
    expect(mesh.at(3).control.pendingTransitionId).toBe(6)
    mesh.passes = () => true
    mesh.run(150_000)
    expect(mesh.at(3).group.history).toBe(mesh.at(4).group.history)
  })

  it("is not, as long as nobody shows that", () => {
    const mesh = bound()
    mesh.passes = (_, __, from) => from !== 4
    mesh.run(150_000)
    expect(mesh.at(3).group.epoch).toBe(4n)
  })
})

describe("an execution that is lost", () => {
  it("shows by anything else that the coordinator says in the new epoch", () => {
    const mesh = LiveMesh.of(3)
    mesh.passes = (_, bytes) => opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { add: 4 })
    mesh.run(3_200)
    expect([2, 3, 4].map((id) => mesh.at(id).group.epoch)).toEqual([3n, 3n, 3n])
    expect(mesh.told(2, "state_changed").map(({ to }) => to)).toEqual(["active"])
  })

  it("is told once in two seconds by a newcomer, however many frames it cannot read", () => {
    const mesh = LiveMesh.of(3)
    let told = 0
    mesh.passes = (_, bytes, from) => {
      if (from === 3 && FakeGroup.read(bytes).senderId === 1) told++
      return true
    }
    const old = FakeGroup.create(2).seal(FakeGroup.read(mesh.frame(2, OPCODES.READY_FOR_TRANSITION)).message)
    for (let at = 0; at < 20; at++) mesh.deliver(3, old)
    expect(told).toBe(2)
  })
})

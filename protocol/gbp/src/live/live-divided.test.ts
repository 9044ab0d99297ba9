import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encodeAbort, OPCODES } from "../control-args.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import { encodeReady } from "./ready-args.ts"
import { FakeGroup } from "./testing/fake-group.ts"
import { control, LiveMesh } from "./testing/live-mesh.ts"

/** A copy of a member's group, as somebody has it who seals in more epochs than one. */
function copyOf(mesh: LiveMesh, id: number): FakeGroup {
  const { epoch, memberIds, history } = mesh.at(id).group
  return FakeGroup.join(id, toUtf8(JSON.stringify({ epoch: String(epoch), memberIds, history })))
}

/**
 * Five members. All are ready for what the first prepared, and then for what the second did, who took its place. Only the third is told that
 * the latter was executed; the fourth hears that it was given up, and that the former was executed.
 */
function divided(between: (mesh: LiveMesh) => void = () => {}): LiveMesh {
  const mesh = LiveMesh.of(5)
  const [first, second] = [copyOf(mesh, 1), copyOf(mesh, 2)]
  mesh.passes = (to, bytes) => to !== 1 || mesh.opcodeOf(bytes) !== OPCODES.READY_FOR_TRANSITION
  mesh.request(1, { remove: 5 })
  mesh.run(50)
  const { args, transitionId } = mesh.read(1, OPCODES.PREPARE_TRANSITION)
  first.stageReceived(args, 1)
  mesh.at(1).isOn = false
  mesh.run(14_000)
  mesh.passes = (to, bytes) => to === 3 || mesh.opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
  mesh.request(2, { remove: 1 })
  mesh.run(50)
  mesh.passes = () => false
  between(mesh)
  const given = mesh.read(2, OPCODES.PREPARE_TRANSITION).transitionId
  mesh.deliver(4, second.seal(control(2, OPCODES.ABORT_TRANSITION, given, encodeAbort(17))))
  first.merge()
  const execute = first.seal(control(1, OPCODES.EXECUTE_TRANSITION, transitionId))
  for (let at = 0; at < 2; at++) mesh.deliver(4, execute)
  return mesh
}

const tellingsOf = (mesh: LiveMesh, id: number) => mesh.told(id, "divided").map(({ memberId }) => memberId)

describe("members who were divided by others that broke the rules together", () => {
  it("are in two epochs under one number", () => {
    const mesh = divided()
    expect([3, 4].map((id) => mesh.at(id).group.epoch)).toEqual([5n, 5n])
    expect([3, 4].map((id) => mesh.at(id).group.memberIds)).toEqual([
      [2, 3, 4, 5],
      [1, 2, 3, 4],
    ])
  })

  it("say so as soon as they hear of each other, once, with the epoch that they left different ways", () => {
    const mesh = divided()
    mesh.passes = () => true
    mesh.run(30_000)
    expect(tellingsOf(mesh, 4)).toContain(3)
    expect(tellingsOf(mesh, 3)).toEqual([4])
    expect(mesh.told(3, "divided")).toEqual([{ kind: "divided", memberId: 4, epoch: 4n, transitionId: 5 }])
    expect([3, 4].map((id) => mesh.at(id).control.endpoint)).toEqual(["active", "active"])
  })

  it("say so also to whoever opened that word before it left the epoch, when it meant nothing yet", () => {
    const mesh = divided((early) => {
      const { frames } = early.at(3).control.undecryptable(early.nowMs)
      for (const { bytes } of frames) early.deliver(4, bytes)
    })
    mesh.passes = () => true
    mesh.run(30_000)
    expect(tellingsOf(mesh, 4)).toContain(3)
  })

  it("say nothing while they hear nothing of each other", () => {
    const mesh = divided()
    mesh.passes = (to, _, from) => to !== 4 && from !== 4
    mesh.run(30_000)
    expect([3, 4].map((id) => tellingsOf(mesh, id))).toEqual([[], []])
  })

  it("do not fill the network with it", () => {
    const mesh = divided()
    let sent = 0
    mesh.passes = (_, bytes) => {
      if (mesh.opcodeOf(bytes) === OPCODES.ACK && FakeGroup.read(bytes).message.args.length > 0) sent++
      return true
    }
    mesh.run(60_000)
    expect(sent).toBeGreaterThan(0)
    // Each of four tells of three epochs to three others, and answers them, once in ten seconds.
    expect(sent).toBeLessThanOrEqual(7 * 4 * 3 * (3 + 3))
  })
})

describe("a coordinator that executed alone, and was removed meanwhile", () => {
  it("learns from the others that it needs an invitation", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (_, bytes) => mesh.opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { remove: 4 })
    mesh.run(50)
    mesh.at(1).isOn = false
    mesh.passes = () => true
    mesh.run(14_000)
    mesh.request(2, { remove: 1 })
    mesh.run(1_000)
    expect([1, 2].map((id) => [mesh.at(id).group.epoch, mesh.at(id).group.memberIds])).toEqual([
      [4n, [1, 2, 3]],
      [4n, [2, 3, 4]],
    ])
    mesh.at(1).isOn = true
    mesh.run(60_000)
    expect(tellingsOf(mesh, 1)).toEqual([2, 3])
    expect(mesh.told(1, "must_rejoin")).toEqual([{ kind: "must_rejoin", code: ERROR_REGISTRY.DIGEST_MISMATCH.code }])
    expect([2, 3, 4].flatMap((id) => tellingsOf(mesh, id))).toEqual([])
  })
})

/** The second member says, in the epoch before, to have followed this commit; the third hears it. */
function said(mesh: LiveMesh, args: Uint8Array, inEpoch: FakeGroup): void {
  mesh.deliver(3, inEpoch.seal(control(2, OPCODES.ACK, 5, args)))
}

describe("what somebody says of how they left an epoch", () => {
  const lie = encodeReady({ coordinatorId: 1, commitHash: new Uint8Array(32) })

  it("is told as it is signed, and changes nothing", () => {
    const mesh = LiveMesh.of(4)
    const before = copyOf(mesh, 2)
    mesh.request(1, { add: 5 })
    mesh.run(100)
    for (let at = 0; at < 5; at++) said(mesh, lie, before)
    expect(mesh.told(3, "divided")).toEqual([{ kind: "divided", memberId: 2, epoch: 3n, transitionId: 5 }])
    mesh.request(1, { remove: 4 })
    mesh.run(100)
    expect(mesh.at(3).group.memberIds).toEqual([1, 2, 3, 5])
  })

  it("is nothing new if it is how everybody left it", () => {
    const mesh = LiveMesh.of(4)
    mesh.request(1, { add: 5 })
    mesh.run(100)
    mesh
      .at(2)
      .control.undecryptable(mesh.nowMs)
      .frames.forEach(({ bytes }) => mesh.deliver(3, bytes))
    expect(mesh.told(3, "divided")).toEqual([])
  })

  it("makes whoever is still there ask", () => {
    const mesh = LiveMesh.of(4)
    mesh.passes = (to, bytes) => to !== 3 || mesh.opcodeOf(bytes) !== OPCODES.EXECUTE_TRANSITION
    mesh.request(1, { add: 5 })
    mesh.run(100)
    mesh.passes = () => true
    expect(mesh.at(3).group.epoch).toBe(3n)
    mesh
      .at(2)
      .control.undecryptable(mesh.nowMs)
      .frames.forEach(({ bytes }) => mesh.deliver(3, bytes))
    mesh.run(100)
    expect(mesh.at(3).group.epoch).toBe(4n)
  })

  it("is refused if it cannot be read, and not answered", () => {
    const mesh = LiveMesh.of(4)
    said(mesh, toUtf8("?"), mesh.at(2).group)
    expect(mesh.told(3, "refused").at(-1)).toMatchObject({ code: ERROR_REGISTRY.STREAM_POLICY_VIOLATION.code })
    mesh.run(100)
    expect(mesh.told(2, "nacked")).toEqual([])
  })

  it("by all others alike ends it for us", () => {
    const mesh = LiveMesh.of(3)
    const before = [1, 2].map((id) => copyOf(mesh, id))
    mesh.request(1, { add: 4 })
    mesh.run(100)
    mesh.request(1, { remove: 4 })
    mesh.run(100)
    for (const group of before) mesh.deliver(3, group.seal(control(group === before[0] ? 1 : 2, OPCODES.ACK, 5, lie)))
    expect(mesh.told(3, "divided")).toHaveLength(2)
    expect(mesh.told(3, "must_rejoin")).toEqual([{ kind: "must_rejoin", code: ERROR_REGISTRY.DIGEST_MISMATCH.code }])
  })
})

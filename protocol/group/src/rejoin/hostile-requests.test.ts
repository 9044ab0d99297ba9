import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeEnvelope, encodeEnvelope } from "@qpc/envelope"
import { toDeviceKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Device } from "../testing/device.ts"
import { random, withMallory } from "../testing/lost-device.ts"
import type { Scene } from "../testing/lost-device.ts"
import { nth } from "../testing/nth.ts"
import { told } from "../testing/world.ts"
import { encodeRejoinRequest } from "./rejoin-request.ts"
import type { RejoinRequest } from "./rejoin-request.ts"

const asking = (
  s: Scene,
  device: Pick<Device, "keys">,
  change: Partial<RejoinRequest> = {},
  label = 2n,
): Uint8Array => {
  const { groupId } = s.back.earlier!
  const answerKey = suite.kemKeyPair(random(suite.sizes.kemSeedBytes)).publicKey
  const deviceKey = toDeviceKey(device.keys.publicKey)
  const about = {
    groupId,
    deviceKey,
    lastEpoch: 2n,
    askedAtMs: s.world.clock.nowMs,
    suiteId: suite.id,
    answerKey,
    ...change,
  }
  return encodeEnvelope({
    kind: "rejoin_request",
    groupId,
    epoch: label,
    sealed: encodeRejoinRequest(suite, device.keys, about),
  })
}

describe("a request to be let in again", () => {
  const cases: readonly [string, string, (scene: Scene) => Uint8Array][] = [
    [
      "bytes that are none",
      "malformed",
      (s) => encodeEnvelope({ ...decodeEnvelope(asking(s, s.dave)), sealed: random(9) }),
    ],
    ["one for another group", "header_mismatch", (s) => asking(s, s.dave, { groupId: random(16) as never })],
    ["one with another label", "header_mismatch", (s) => asking(s, s.dave, {}, 1n)],
    [
      "one in the name of another device",
      "rejoin_bad_signature",
      (s) => asking(s, { keys: s.mallory.identity }, { deviceKey: s.bob.inboxKey }),
    ],
    ["one of a device that nobody invited", "rejoin_unknown_device", (s) => asking(s, s.world.device())],
    [
      "one of a device that was removed",
      "rejoin_unknown_device",
      (s) => {
        s.alice.send({ kind: "remove", members: [s.dave.self] })
        s.world.settle()
        s.alice.events.length = 0
        return asking(s, s.dave)
      },
    ],
    [
      "one of the day before yesterday",
      "rejoin_stale",
      (s) => asking(s, s.dave, { askedAtMs: s.world.clock.nowMs - 86_400_001 }),
    ],
    ["one of tomorrow", "rejoin_stale", (s) => asking(s, s.dave, { askedAtMs: s.world.clock.nowMs + 3_600_001 })],
    [
      "one that came before",
      "rejoin_stale",
      (s) => {
        const envelope = asking(s, s.dave)
        s.alice.receive(envelope)
        return envelope
      },
    ],
    [
      "the ninth in an hour",
      "rejoin_too_often",
      (s) => {
        for (let made = 0; made < 8; made++) {
          s.world.clock.nowMs += 1
          s.alice.receive(asking(s, s.dave))
        }
        s.world.clock.nowMs += 1
        return asking(s, s.dave)
      },
    ],
    [
      "the ninth in an hour, each as old as one may be",
      "rejoin_too_often",
      (s) => {
        const { clock } = s.world
        const ask = (): Uint8Array => asking(s, s.dave, { askedAtMs: clock.nowMs - 86_400_000 + 1000 })
        for (let made = 0; made < 8; made++) {
          s.alice.receive(ask())
          clock.nowMs += 2000
        }
        return ask()
      },
    ],
    ["one in a suite that nobody has", "rejoin_suite_missing", (s) => asking(s, s.dave, { suiteId: 0x0f0f })],
    [
      "one to a closed group",
      "group_closed",
      (s) => {
        s.alice.send({ kind: "close" })
        s.world.settle()
        s.alice.events.length = 0
        return asking(s, s.dave)
      },
    ],
  ]
  it.each(cases)("that is %s is not answered: %s", (_, reason, make) => {
    const scene = withMallory()
    const envelope = make(scene)
    const { outgoing } = scene.alice.receive(envelope)
    expect(outgoing).toEqual([])
    expect(told(scene.alice, "dropped").map((event) => event.reason)).toEqual([reason])
  })

  it("is answered again after an hour", () => {
    const scene = withMallory()
    const { alice, world, dave } = scene
    for (let made = 0; made < 9; made++) {
      world.clock.nowMs += 1
      alice.receive(asking(scene, dave))
    }
    world.clock.nowMs += 3_600_000
    alice.receive(asking(scene, dave))
    expect(told(alice, "dropped")).toHaveLength(1)
  })

  it("is answered again when the clock is right by which there were too many in an hour", () => {
    const scene = withMallory()
    const { alice, world, dave } = scene
    const { clock } = world
    const askAt = (askedAtMs: number): void => void alice.receive(asking(scene, dave, { askedAtMs }))
    const rightMs = clock.nowMs
    clock.nowMs += 2 * 3_600_000
    for (let made = 0; made < 8; made++) askAt(rightMs + made)
    clock.nowMs = rightMs
    askAt(rightMs + 8)
    expect(told(alice, "dropped")).toEqual([])
  })

  it("is forgotten with its turn when it is too old, and counts on", () => {
    const scene = withMallory({ rejoinsPerHour: 1 })
    const { alice, bob, world, dave } = scene
    // Whoever of the two is not the first in line waits for their turn.
    const old = asking(scene, dave, { askedAtMs: world.clock.nowMs - 86_400_000 + 1000 })
    for (const device of [alice, bob]) device.receive(old)
    const late = nth([alice, bob].filter(({ outbox }) => outbox.length === 0))
    world.clock.nowMs += 2000
    late.receive(asking(scene, dave))
    expect(told(late, "dropped")).toMatchObject([{ reason: "rejoin_too_often" }])
    world.clock.nowMs += 60_000
    late.tick()
    expect(late.outbox).toEqual([])
  })

  it("is answered by one member after the other, until the device is in", () => {
    const { world, alice, bob, back } = withMallory()
    world.service.offer(back.ask())
    for (const device of [alice, bob]) device.receiveNext(world.service)
    const late = [alice, bob].filter(({ outbox }) => outbox.length === 0)
    // Three are in the line, of whom only one is the first.
    expect(late.length).toBeGreaterThan(0)
    for (const device of late) {
      expect(device.wakeAtMs! - world.clock.nowMs).toBeGreaterThanOrEqual(10_000)
      expect(device.wakeAtMs! - world.clock.nowMs).toBeLessThan(30_000)
      device.restart()
    }
    world.clock.nowMs += 30_000
    for (const device of late) {
      device.tick()
      expect(device.outbox).toHaveLength(1)
      device.tick()
      expect(device.outbox).toHaveLength(1)
    }
  })

  it("is answered by no more members than the limit says", () => {
    const scene = withMallory({ rejoinAnswers: 1 })
    const { world, alice, bob, back } = scene
    world.service.offer(back.ask())
    for (const device of [alice, bob]) device.receiveNext(world.service)
    const behind = [alice, bob].filter(({ outbox }) => outbox.length === 0)
    expect(behind.length).toBeGreaterThan(0)
    world.clock.nowMs += 600_000
    for (const device of behind) {
      device.tick()
      expect(device.outbox).toEqual([])
    }
  })
})

import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { ClientNode } from "./client-node.ts"
import { PacketNetwork } from "./packet-network.ts"
import { drawPlan } from "./plan.ts"
import { Prng } from "./prng.ts"
import { World } from "./world.ts"

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A device without a server, and its world. */
async function running(): Promise<{ readonly node: ClientNode; readonly world: World }> {
  const world = new World(drain)
  const prng = new Prng(1n, "test")
  const node = new ClientNode({
    world,
    network: new PacketNetwork(world, prng),
    prng,
    plan: drawPlan(1n, { without: new Set(["client_crashes", "client_disk_broken"]) }),
    suite: suite0001,
    nextConnection: () => 1,
    index: 1,
    onDurable: () => {},
    onOpened: () => {},
    onMistake: (what) => expect.fail(what),
  })
  node.isEnrolled = true
  void node.start()
  await world.run(10, () => false)
  return { node, world }
}

describe("what a device was asked", () => {
  it("has no answer until it is done or refused", async () => {
    const { node } = await running()
    const answered = node.ask("rename")
    node.ask("rename")
    expect(node.unanswered).toEqual(["rename", "rename"])
    answered()
    expect(node.unanswered).toEqual(["rename"])
  })

  it("never has one from a process that was killed, and the next process owes none", async () => {
    const { node, world } = await running()
    node.ask("rename")
    node.kill()
    expect(node.unanswered).toEqual([])
    await world.run(10_000, () => node.client !== undefined)
    expect(node.client).toBeDefined()
    expect(node.unanswered).toEqual([])
  })
})

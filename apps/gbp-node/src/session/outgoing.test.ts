import { frameChannel, memoryListener } from "@qpc/transport"
import type { FrameChannel } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { Outgoing } from "./outgoing.ts"

async function pair(): Promise<readonly [FrameChannel, FrameChannel]> {
  const { listener, dial } = memoryListener()
  const accepted = listener.connections[Symbol.asyncIterator]()
  const near = await dial()
  const { value: far } = await accepted.next()
  if (far === undefined) throw new Error("the listener closed")
  return [frameChannel(near), frameChannel(far)]
}

describe("what goes to the other node", () => {
  it("arrives in order", async () => {
    const [near, far] = await pair()
    const outgoing = new Outgoing(near)
    for (const byte of [1, 2, 3]) outgoing.send(Uint8Array.of(byte))
    expect(await outgoing.finish()).toBe(0)
    const arrived: number[] = []
    for await (const frame of far.incoming) arrived.push(...frame)
    expect(arrived).toEqual([1, 2, 3])
  })

  it("is counted where the connection ended before", async () => {
    const [near] = await pair()
    const outgoing = new Outgoing(near)
    await near.close()
    outgoing.send(Uint8Array.of(1))
    outgoing.send(Uint8Array.of(2))
    expect(await outgoing.finish()).toBe(2)
  })
})

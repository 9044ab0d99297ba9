import { describe, expect, it } from "vitest"
import { memoryPair } from "../memory/memory-connection.ts"
import { frameChannel } from "./frame-channel.ts"
import { withPrefix } from "./prefix-reader.ts"

async function all(frames: AsyncIterable<Uint8Array>): Promise<number[]> {
  const lengths: number[] = []
  for await (const frame of frames) lengths.push(frame.length)
  return lengths
}

describe("frame channel", () => {
  it("carries frames and ends with the peer", async () => {
    await using pair = memoryPair()
    const [near, far] = [frameChannel(pair.near), frameChannel(pair.far)]
    for (const length of [1, 65_536, 1_048_576]) void near.send(new Uint8Array(length))
    void near.finish()
    expect(await all(far.incoming)).toEqual([1, 65_536, 1_048_576])
  })

  it("closes the connection of a peer that announces too much, and tells it why", async () => {
    await using pair = memoryPair()
    await pair.near.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
    await expect(all(frameChannel(pair.far).incoming)).rejects.toMatchObject({ code: "frame_too_large" })
    await expect(all(pair.near.incoming)).rejects.toMatchObject({ code: "closed", peerReason: "frame_too_large" })
  })

  it("does not take a stream that ended inside a frame for one that ended", async () => {
    await using pair = memoryPair()
    await pair.near.write(withPrefix(new Uint8Array(9)).subarray(0, 12))
    void pair.near.finish()
    await expect(all(frameChannel(pair.far).incoming)).rejects.toMatchObject({ code: "frame_cut", offset: 12 })
  })

  it("lets the peer wait while nobody reads frames", async () => {
    await using pair = memoryPair({ windowBytes: 65_536 })
    const [near, far] = [frameChannel(pair.near), frameChannel(pair.far)]
    const reader = far.incoming[Symbol.asyncIterator]()
    let sent = 0
    const sending = (async () => {
      for (; sent < 100; sent++) await near.send(new Uint8Array(60_000))
    })()
    expect((await reader.next()).value).toHaveLength(60_000)
    for (let turn = 0; turn < 100; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(sent).toBeLessThan(5)
    for (let i = 1; i < 100; i++) await reader.next()
    await sending
    expect(sent).toBe(100)
  })

  it("refuses to send more than the peer would take", async () => {
    await using pair = memoryPair()
    await expect(frameChannel(pair.near, 10).send(new Uint8Array(11))).rejects.toThrow(RangeError)
  })
})

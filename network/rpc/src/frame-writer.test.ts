import type { Connection } from "@qpc/transport"
import { TransportError } from "@qpc/transport"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { FrameWriter } from "./frame-writer.ts"
import { turns, VirtualClock } from "./testing/index.ts"

/** A connection that takes a write when the test says so. */
function slowConnection(): { connection: Connection; writes: string[]; take: () => void; refuse: (e: Error) => void } {
  const writes: string[] = []
  let pending: { resolve: () => void; reject: (error: Error) => void } | undefined
  const write = (bytes: Uint8Array): Promise<void> => {
    writes.push(toHex(bytes))
    return new Promise((resolve, reject) => {
      pending = { resolve, reject }
    })
  }
  return {
    connection: { write } as Connection,
    writes,
    take: () => pending?.resolve(),
    refuse: (error) => pending?.reject(error),
  }
}

function makeWriter(connection: Connection): { writer: FrameWriter; clock: VirtualClock; failures: unknown[] } {
  const clock = new VirtualClock()
  const failures: unknown[] = []
  const options = { clock, writeStallMs: 1000, onFailure: (error: unknown): void => void failures.push(error) }
  return { writer: new FrameWriter(connection, options), clock, failures }
}

const frame = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

describe("frame writer", () => {
  it("writes the frames of one tick together, in order", async () => {
    const { connection, writes } = slowConnection()
    const { writer } = makeWriter(connection)
    void writer.send(frame(1))
    void writer.send(frame(2, 3))
    await turns(1)
    expect(writes).toEqual(["010203"])
  })

  it("gathers what comes while a write waits, up to a batch", async () => {
    const { connection, writes, take } = slowConnection()
    const { writer } = makeWriter(connection)
    void writer.send(frame(1))
    await turns(1)
    void writer.send(frame(2))
    void writer.send(new Uint8Array(64 * 1024))
    void writer.send(frame(3))
    take()
    await turns(1)
    take()
    await turns(1)
    take()
    await turns(1)
    expect(writes.map((hex) => hex.length / 2)).toEqual([1, 1, 64 * 1024, 1])
  })

  it("resolves a frame only when the transport has taken it", async () => {
    const { connection, take } = slowConnection()
    const { writer } = makeWriter(connection)
    let isTaken = false
    void writer.send(frame(1)).then(() => (isTaken = true))
    await turns(2)
    expect(isTaken).toBe(false)
    take()
    await writer.flushed()
    expect(isTaken).toBe(true)
  })

  it("rejects what is waiting and what follows after a failed write, and reports it once", async () => {
    const { connection, refuse } = slowConnection()
    const { writer, failures } = makeWriter(connection)
    const first = writer.send(frame(1))
    await turns(1)
    const second = writer.send(frame(2))
    refuse(new TransportError("closed", "gone"))
    await expect(first).rejects.toThrow("gone")
    await expect(second).rejects.toThrow("gone")
    await expect(writer.send(frame(3))).rejects.toThrow("gone")
    await writer.flushed()
    expect(failures).toHaveLength(1)
  })

  it("gives up a peer that takes nothing for too long", async () => {
    const { connection } = slowConnection()
    const { writer, clock, failures } = makeWriter(connection)
    const sent = writer.send(frame(1))
    await turns(1)
    clock.advance(999)
    expect(failures).toEqual([])
    clock.advance(1)
    expect(failures).toMatchObject([{ code: "overflow" }])
    await expect(sent).rejects.toMatchObject({ code: "overflow" })
  })

  it("leaves no timer behind", async () => {
    const { connection, take } = slowConnection()
    const { writer, clock } = makeWriter(connection)
    void writer.send(frame(1))
    await turns(1)
    take()
    await turns(1)
    expect(clock.timerCount).toBe(0)
  })
})

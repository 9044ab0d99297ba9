import { connect } from "node:net"
import type { Socket } from "node:net"
import { bareProtocol, frameChannel, withPrefix } from "@qpc/transport"
import type { Connection, FrameChannel } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { dialTcp } from "./dial.ts"
import { listenTcp } from "./listen.ts"

const protocol = bareProtocol({ name: "gbp" })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** A channel of ours, and a raw socket at its other end. */
async function channelAndSocket(): Promise<{ channel: FrameChannel; socket: Socket } & AsyncDisposable> {
  const listener = await listenTcp({ host: "127.0.0.1", port: 0, protocol })
  const socket = connect(listener.address.port, "127.0.0.1")
  socket.on("error", () => {})
  const { value } = await listener.connections[Symbol.asyncIterator]().next()
  const channel = frameChannel(value as Connection)
  return {
    channel,
    socket,
    [Symbol.asyncDispose]: async () => {
      socket.destroy()
      await channel.close()
      await listener.close()
    },
  }
}

async function frames(channel: FrameChannel): Promise<string[]> {
  const read: string[] = []
  for await (const frame of channel.incoming) read.push(hex(frame))
  return read
}

describe("frames over plain TCP", () => {
  it("are a little-endian length and the frame on the wire, nothing else", async () => {
    await using ends = await channelAndSocket()
    const arrived: Buffer[] = []
    ends.socket.on("data", (bytes: Buffer) => arrived.push(bytes))
    const ended = new Promise<void>((resolve) => ends.socket.once("end", resolve))
    await ends.channel.send(Uint8Array.of(0xa1, 0xb2))
    await ends.channel.send(Uint8Array.of(0xff))
    await ends.channel.finish()
    await ended
    expect(hex(Buffer.concat(arrived))).toBe("02000000a1b201000000ff")
  })

  it("are read byte by byte as well", async () => {
    await using ends = await channelAndSocket()
    ends.socket.setNoDelay(true)
    const reading = frames(ends.channel)
    for (const byte of Buffer.concat([withPrefix(Uint8Array.of(1, 2, 3)), withPrefix(Uint8Array.of(4))])) {
      await new Promise<void>((resolve) => ends.socket.write(Uint8Array.of(byte), () => resolve()))
    }
    ends.socket.end()
    expect(await reading).toEqual(["010203", "04"])
  })

  it("end the connection of a peer that announces more than the limit, without waiting for it", async () => {
    await using ends = await channelAndSocket()
    const closed = new Promise<void>((resolve) => ends.socket.once("close", () => resolve()).resume())
    ends.socket.write(Buffer.from("01001000", "hex"))
    await expect(frames(ends.channel)).rejects.toMatchObject({
      name: "FramingError",
      code: "frame_too_large",
      offset: 0,
    })
    await closed
  })

  it("do not end quietly when the peer dies inside one", async () => {
    await using ends = await channelAndSocket()
    const reading = frames(ends.channel)
    ends.socket.end(Buffer.from("0a000000aa", "hex"))
    await expect(reading).rejects.toMatchObject({ code: "frame_cut" })
  })
})

describe("dialling over TCP", () => {
  it("says who does not answer and what to check", async () => {
    const listener = await listenTcp({ host: "127.0.0.1", port: 0 })
    const { port } = listener.address
    await listener.close()
    const dialling = dialTcp({ host: "127.0.0.1", port })
    await expect(dialling).rejects.toMatchObject({ name: "TransportError", code: "unreachable", retryable: true })
    await expect(dialling).rejects.toThrow(`127.0.0.1:${port}`)
  })

  it("gives up when the time is over", async () => {
    // TEST-NET-1 (RFC 5737) is nobody's: either nothing answers or the network says so.
    await expect(dialTcp({ host: "192.0.2.1", port: 9, timeoutMs: 50 })).rejects.toMatchObject({ code: "unreachable" })
  })

  it("can be aborted while it waits", async () => {
    const abort = new AbortController()
    const dialling = dialTcp({ host: "192.0.2.1", port: 9, signal: abort.signal })
    abort.abort()
    await expect(dialling).rejects.toMatchObject({ code: "aborted", retryable: false })
  })
})

describe("listening for TCP", () => {
  it("says that a port is taken", async () => {
    await using listener = await listenTcp({ host: "127.0.0.1", port: 0 })
    const again = listenTcp(listener.address)
    await expect(again).rejects.toMatchObject({ code: "address_in_use" })
  })

  it("turns away more connections from one address than it is allowed", async () => {
    await using listener = await listenTcp({ host: "127.0.0.1", port: 0, maxConnectionsPerAddress: 1, protocol })
    await using first = await dialTcp({ ...listener.address, protocol })
    await using second = await dialTcp({ ...listener.address, protocol })
    expect(await second.incoming[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
    await first.write(Uint8Array.of(1))
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { BytePipe, PipeSink } from "./byte-pipe.ts"
import { encodeClose, encodeHeader, FrameKind } from "./frame.ts"
import { framedConnection } from "./framed-connection.ts"

/** A pipe whose other end is the test. */
class HandPipe implements BytePipe {
  sink!: PipeSink
  written: Uint8Array[] = []
  takesMore = true
  ended = false
  destroyed = false

  open(sink: PipeSink): void {
    this.sink = sink
  }
  write(bytes: Uint8Array): boolean {
    this.written.push(bytes)
    return this.takesMore
  }
  end(): void {
    this.ended = true
  }
  async destroy(): Promise<void> {
    this.destroyed = true
  }
}

const options = { kind: "memory", peerAddress: "test", keepAliveMs: 0 } as const
const data = (length: number): Uint8Array =>
  Buffer.concat([encodeHeader(FrameKind.data, length), new Uint8Array(length)])
const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

describe("framed connection", () => {
  it("opens its window with one small write", async () => {
    const pipe = new HandPipe()
    framedConnection(pipe, { ...options, windowBytes: 100_000 })
    await turn()
    expect(pipe.written).toEqual(
      [Buffer.concat([encodeHeader(FrameKind.credit, 100_000 - 65_536), encodeHeader(FrameKind.pong, 0)])].map(
        (bytes) => Uint8Array.from(bytes),
      ),
    )
  })

  it("puts the small writes of one turn into one frame", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, options)
    await turn()
    pipe.written = []
    await Promise.all(Array.from({ length: 32 }, async () => await connection.write(new Uint8Array(100))))
    await turn()
    expect(pipe.written).toEqual([Uint8Array.from(data(3_200))])
  })

  it("gives credit back in halves of the window, and only for what was read", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, { ...options, windowBytes: 65_536 })
    await turn()
    pipe.written = []
    for (let i = 0; i < 4; i++) pipe.sink.received(data(16_384))
    await turn()
    expect(pipe.written).toEqual([])
    const reader = connection.incoming[Symbol.asyncIterator]()
    await reader.next()
    await reader.next()
    await turn()
    expect(pipe.written).toEqual([encodeHeader(FrameKind.credit, 32_768)])
  })

  it("fails a peer that sends more than it was allowed, and forgets what it sent", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, { ...options, windowBytes: 65_536 })
    pipe.sink.received(data(65_537))
    const reader = connection.incoming[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toMatchObject({ code: "overflow" })
    expect(pipe.ended).toBe(true)
  })

  it("fails a peer that speaks something else", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, options)
    pipe.sink.received(Buffer.from("GET / HTTP/1.1\r\n\r\n"))
    const reader = connection.incoming[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toMatchObject({ code: "protocol", retryable: false })
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "protocol" })
  })

  it("fails a peer that gives endless credit", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, options)
    for (let i = 0; i < 300; i++) pipe.sink.received(encodeHeader(FrameKind.credit, 0xff_ffff))
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "protocol" })
  })

  it("holds writes back while the pipe is congested", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, options)
    pipe.takesMore = false
    await turn()
    pipe.written = []
    const writing = connection.write(Uint8Array.of(7))
    await turn()
    expect(pipe.written).toEqual([])
    pipe.takesMore = true
    pipe.sink.drained()
    await writing
    await turn()
    expect(pipe.written).toEqual([Uint8Array.of(1, 0, 0, 1, 7)])
  })

  it("answers that it is alive, once for many questions", async () => {
    const pipe = new HandPipe()
    framedConnection(pipe, options)
    await turn()
    pipe.written = []
    for (let i = 0; i < 1_000; i++) pipe.sink.received(encodeHeader(FrameKind.ping, 0))
    await turn()
    expect(pipe.written).toEqual([encodeHeader(FrameKind.pong, 0)])
  })

  it("keeps one answer at most for a peer that asks and does not read", async () => {
    const pipe = new HandPipe()
    pipe.takesMore = false
    framedConnection(pipe, options)
    await turn()
    pipe.written = []
    for (let i = 0; i < 10; i++) {
      pipe.sink.received(encodeHeader(FrameKind.ping, 0))
      await turn()
    }
    expect(pipe.written).toEqual([])
    pipe.sink.drained()
    await turn()
    expect(pipe.written).toEqual([encodeHeader(FrameKind.pong, 0)])
  })

  it("refuses a window below what every peer may send at once", () => {
    expect(() => framedConnection(new HandPipe(), { ...options, windowBytes: 65_535 })).toThrow(RangeError)
  })
})

describe("framed connection in time", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] }))
  afterEach(() => void vi.useRealTimers())

  it("asks a quiet peer whether it is alive", async () => {
    const pipe = new HandPipe()
    framedConnection(pipe, { ...options, keepAliveMs: 1_000 })
    await turn()
    pipe.written = []
    pipe.sink.received(encodeHeader(FrameKind.pong, 0))
    vi.advanceTimersByTime(1_000)
    await turn()
    expect(pipe.written).toEqual([])
    vi.advanceTimersByTime(1_000)
    await turn()
    expect(pipe.written).toEqual([encodeHeader(FrameKind.ping, 0)])
  })

  it("gives up a peer that left three questions unanswered", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, { ...options, keepAliveMs: 1_000, missedKeepAlives: 3 })
    const next = connection.incoming[Symbol.asyncIterator]().next()
    vi.advanceTimersByTime(4_999)
    expect(pipe.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    await expect(next).rejects.toMatchObject({ code: "closed" })
    expect(pipe.destroyed).toBe(true)
  })

  it("keeps a peer that answers and says nothing else", () => {
    const pipe = new HandPipe()
    framedConnection(pipe, { ...options, keepAliveMs: 1_000, missedKeepAlives: 1 })
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(2_000)
      pipe.sink.received(encodeHeader(FrameKind.pong, 0))
    }
    expect(pipe.destroyed).toBe(false)
  })

  it("does not wait for ever for a peer that does not end its side", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, { ...options, closeTimeoutMs: 500 })
    const closing = connection.close("bye")
    expect(Buffer.concat(pipe.written).subarray(-7)).toEqual(Buffer.from(encodeClose("bye")))
    expect(pipe.destroyed).toBe(false)
    vi.advanceTimersByTime(500)
    await closing
    expect(pipe.destroyed).toBe(true)
  })

  it("leaves no timer behind", async () => {
    const pipe = new HandPipe()
    const connection = framedConnection(pipe, { ...options, keepAliveMs: 1_000 })
    const closing = connection.close()
    pipe.sink.ended()
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { PausablePipe, PipeSink } from "../framed/byte-pipe.ts"
import { bareConnection } from "./bare-connection.ts"

/** A pipe whose other end is the test. */
class HandPipe implements PausablePipe {
  sink!: PipeSink
  readonly written: number[] = []
  takesMore = true
  isPaused = false
  ended = false
  destroyed = false
  readonly #holdsBack: boolean

  constructor(holdsBack = true) {
    this.#holdsBack = holdsBack
  }

  open(sink: PipeSink): void {
    this.sink = sink
  }
  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.length)
    return this.takesMore
  }
  pause(): boolean {
    this.isPaused = this.#holdsBack
    return this.#holdsBack
  }
  resume(): void {
    this.isPaused = false
  }
  end(): void {
    this.ended = true
  }
  async destroy(): Promise<void> {
    this.destroyed = true
  }
}

const options = { kind: "memory", peerAddress: "test" } as const
const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

describe("bare connection", () => {
  it("writes what it is given and nothing else, the small writes of one turn together", async () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, options)
    await Promise.all([1, 2, 3].map(async (length) => await connection.write(new Uint8Array(length))))
    await connection.finish()
    expect(pipe.written).toEqual([6])
    expect(pipe.ended).toBe(true)
  })

  it("writes on only when the pipe has room", async () => {
    const pipe = new HandPipe()
    pipe.takesMore = false
    const connection = bareConnection(pipe, options)
    void connection.write(new Uint8Array(100_000))
    await turn()
    expect(pipe.written).toEqual([65_536])
    pipe.sink.drained()
    expect(pipe.written).toEqual([65_536, 34_464])
  })

  it("pauses a pipe that nobody reads, and resumes it when half of the window was read", async () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, { ...options, windowBytes: 4_000 })
    const reader = connection.incoming[Symbol.asyncIterator]()
    for (let i = 0; i < 2; i++) pipe.sink.received(new Uint8Array(1_500))
    expect(pipe.isPaused).toBe(false)
    pipe.sink.received(new Uint8Array(1_500))
    expect(pipe.isPaused).toBe(true)
    await reader.next()
    expect(pipe.isPaused).toBe(true)
    await reader.next()
    expect(pipe.isPaused).toBe(false)
  })

  it("fails when too much is unread of a peer that cannot be held back", async () => {
    const pipe = new HandPipe(false)
    const connection = bareConnection(pipe, { ...options, windowBytes: 4_000, maxUnreadBytes: 10_000 })
    pipe.sink.received(new Uint8Array(10_000))
    expect(pipe.ended).toBe(false)
    pipe.sink.received(new Uint8Array(1))
    await expect(connection.incoming[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "overflow" })
    expect(pipe.ended).toBe(true)
  })
})

describe("a bare connection in time", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("takes a peer for gone that was silent too long, unless it was this side that did not read", async () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, { ...options, idleTimeoutMs: 1_000, windowBytes: 2_000 })
    const reader = connection.incoming[Symbol.asyncIterator]()
    pipe.sink.received(new Uint8Array(2_000))
    vi.advanceTimersByTime(10_000)
    expect(pipe.destroyed).toBe(false)
    await reader.next()
    vi.advanceTimersByTime(999)
    pipe.sink.received(new Uint8Array(1))
    await reader.next()
    vi.advanceTimersByTime(1_000)
    expect(pipe.destroyed).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(pipe.destroyed).toBe(true)
    await expect(reader.next()).rejects.toMatchObject({ code: "closed" })
  })

  it("does not wait for ever for a peer that does not end its side", async () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, { ...options, closeTimeoutMs: 500 })
    const closing = connection.close()
    expect([pipe.ended, pipe.destroyed]).toEqual([true, false])
    vi.advanceTimersByTime(500)
    await closing
    expect(pipe.destroyed).toBe(true)
  })

  it("cuts off a peer that sends on after the end", () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, { ...options, windowBytes: 1_000 })
    void connection.close()
    pipe.sink.received(new Uint8Array(1_000))
    expect(pipe.destroyed).toBe(false)
    pipe.sink.received(new Uint8Array(1))
    expect(pipe.destroyed).toBe(true)
  })

  it("leaves no timer behind", async () => {
    const pipe = new HandPipe()
    const connection = bareConnection(pipe, { ...options, idleTimeoutMs: 1_000 })
    const closing = connection.close()
    pipe.sink.ended()
    pipe.sink.broken(new Error("the stream was closed"))
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })
})

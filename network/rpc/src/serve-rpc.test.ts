import { memoryPair, type Connection } from "@qpc/transport"
import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeMessage, encodeMessage } from "./codec.ts"
import { events } from "./event.ts"
import { ErrorSchema } from "./gen/qpc/v1/common_pb.ts"
import type { RpcServerLimits } from "./limits.ts"
import { methods } from "./method.ts"
import { serverFrameReceiver, type ServerFrame } from "./receive.ts"
import { RpcError } from "./rpc-error.ts"
import type { CallRecord, Handlers, RpcServerConnection, ServerFault } from "./rpc-server.ts"
import { encodeCancel, encodeRequest } from "./send.ts"
import { serveRpc } from "./serve-rpc.ts"
import { refuseAll, turns, until, VirtualClock } from "./testing/index.ts"

interface Session {
  username?: string
}

interface Played {
  readonly served: RpcServerConnection
  /** The client's end, played by the test. */
  readonly client: Connection
  /** What the server sent. */
  readonly told: ServerFrame[]
  readonly clock: VirtualClock
  readonly records: CallRecord[]
  readonly faults: ServerFault[]
  /** Why the client's end is over, once it is. */
  readonly clientEnd: Promise<unknown>
  cut(): void
}

interface Play {
  readonly limits?: Partial<RpcServerLimits>
  readonly session?: Session
  /** False for a client that reads nothing. */
  readonly reads?: boolean
}

function play(handlers: Partial<Handlers<Session>>, { limits = {}, session = {}, reads = true }: Play = {}): Played {
  const { near, far, cut } = memoryPair({ windowBytes: 65_536 })
  const clock = new VirtualClock()
  const records: CallRecord[] = []
  const faults: ServerFault[] = []
  const told: ServerFrame[] = []
  const served = serveRpc<Session>(far, {
    handlers: { ...refuseAll(), ...handlers },
    context: session,
    hasSession: ({ username }) => username !== undefined,
    limits,
    clock,
    random: (lengthBytes) => new Uint8Array(lengthBytes).fill(0xab),
    onCall: (record) => void records.push(record),
    onFault: (fault) => void faults.push(fault),
  })
  const listen = async (): Promise<unknown> => {
    const receiver = serverFrameReceiver(4 * 1024 * 1024)
    try {
      for await (const chunk of near.incoming) told.push(...receiver.receive(chunk).frames)
      return undefined
    } catch (error) {
      return error
    }
  }
  const clientEnd = reads ? listen() : Promise.resolve()
  return { served, client: near, told, clock, records, faults, clientEnd, cut }
}

const health = (requestId: number): Uint8Array => encodeRequest(methods.health.id, requestId, new Uint8Array(0))
const asHealthy = async (): Promise<{ version: string }> => ({ version: "1" })
const failureOf = (frame: ServerFrame | undefined): unknown => decodeMessage(ErrorSchema, frame!.payload)

/** A handler that answers when the test says so, and what it was given. */
function held(): { handler: Handlers<Session>["health"]; release: () => void; signals: AbortSignal[] } {
  const signals: AbortSignal[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const handler: Handlers<Session>["health"] = async (_request, _context, { signal }) => {
    signals.push(signal)
    await promise
    return {}
  }
  return { handler, release: resolve, signals }
}

describe("serving a call", () => {
  it("hands the request and the connection's context to the handler of the method", async () => {
    const seen: unknown[] = []
    const session = { username: "alice" }
    const peek: Handlers<Session>["peek"] = async (request, context) => {
      seen.push(request.limit, context)
      return { more: true }
    }
    const { client, told } = play({ peek }, { session })
    await client.write(encodeRequest(203, 5, encodeMessage(methods.peek.request, { limit: 9 })))
    await until(() => told.length === 1)
    expect(seen).toEqual([9, session])
    const payload = encodeMessage(methods.peek.response, { more: true })
    expect(told[0]).toEqual({ kind: "response", status: "ok", requestId: 5, payload })
  })

  it("answers with the status, reason and sentence that the handler throws", async () => {
    const refusal = new RpcError("resource_exhausted", "inbox_full", "Wait a little.", { retryAfterMs: 9 })
    const { client, told, faults } = play({ health: () => Promise.reject(refusal) })
    await client.write(health(1))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "resource_exhausted", requestId: 1 })
    expect(failureOf(told[0])).toMatchObject({ reason: "inbox_full", message: "Wait a little.", retryAfterMs: 9 })
    expect(faults).toEqual([])
  })

  it("tells the client nothing of a fault but its correlation id", async () => {
    const fault = new Error("SQLITE_CORRUPT at /secret/path")
    const { client, told, faults } = play({ health: () => Promise.reject(fault) })
    await client.write(health(1))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "internal" })
    const message = "The server failed. Its operator finds the cause under abababababababab."
    expect(failureOf(told[0])).toMatchObject({ reason: "internal", message })
    expect(faults).toEqual([{ method: "health", correlationId: "abababababababab", error: fault }])
  })

  it("reports a handler that throws before it returns a promise like any other fault", async () => {
    const health_ = (): never => {
      throw new Error("at once")
    }
    const { client, told } = play({ health: health_ })
    await client.write(health(1))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "internal" })
  })

  it("asks for a session where the method needs one", async () => {
    const { client, told } = play({ peek: async () => ({}) })
    await client.write(encodeRequest(203, 1, new Uint8Array(0)))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "unauthenticated" })
    expect(failureOf(told[0])).toMatchObject({ reason: "session_required" })
  })

  it("answers `unimplemented` for a method that it does not know", async () => {
    const { client, told, records } = play({})
    await client.write(encodeRequest(999, 1, new Uint8Array(3)))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "unimplemented" })
    expect(records).toMatchObject([{ method: "unknown", status: "unimplemented", requestBytes: 3 }])
  })

  it("answers `invalid_argument` for a request that does not decode", async () => {
    const { client, told } = play({ health: asHealthy })
    await client.write(encodeRequest(802, 1, Uint8Array.of(0x0a, 9)))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "invalid_argument" })
  })

  it("answers `invalid_argument` for a request that is longer than the method takes", async () => {
    const { client, told } = play({ health: asHealthy })
    await client.write(encodeRequest(802, 1, new Uint8Array(16 * 1024 + 1)))
    await until(() => told.length === 1)
    expect(failureOf(told[0])).toMatchObject({ reason: "request_too_large" })
  })

  it("answers `internal` instead of sending an answer that is longer than a frame", async () => {
    const { client, told, faults } = play(
      { health: async () => ({ version: "x".repeat(100) }) },
      { limits: { maxPayloadBytes: 90 } },
    )
    await client.write(health(1))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "internal" })
    expect(faults).toHaveLength(1)
  })

  it("records method, status, duration and sizes of every call", async () => {
    const { handler, release } = held()
    const { client, told, clock, records } = play({ health: handler })
    await client.write(health(1))
    await turns(5)
    clock.advance(12)
    release()
    await until(() => told.length === 1)
    expect(records).toEqual([{ method: "health", status: "ok", durationMs: 12, requestBytes: 0, responseBytes: 0 }])
  })

  it("answers what is ready first", async () => {
    const { handler, release } = held()
    const { client, told } = play({ health: handler })
    await client.write(concatBytes(health(1), encodeRequest(999, 2, new Uint8Array(0))))
    await until(() => told.length === 1)
    release()
    await until(() => told.length === 2)
    expect(told.map((frame) => frame.kind === "response" && frame.requestId)).toEqual([2, 1])
  })
})

describe("ending a call early", () => {
  it("answers a cancelled call at once and aborts its signal", async () => {
    const { handler, signals } = held()
    const { client, told } = play({ health: handler })
    await client.write(health(1))
    await until(() => signals.length === 1)
    await client.write(encodeCancel(1))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "cancelled", requestId: 1 })
    expect(signals[0]?.aborted).toBe(true)
  })

  it("ignores the cancellation of a call that is answered", async () => {
    const { client, told, served } = play({ health: asHealthy })
    await client.write(concatBytes(health(1), encodeCancel(7)))
    await until(() => told.length === 1)
    await client.write(concatBytes(encodeCancel(1), health(1)))
    await until(() => told.length === 2)
    expect(told.map((frame) => frame.kind === "response" && frame.status)).toEqual(["ok", "ok"])
    await served.close()
  })

  it("answers `deadline_exceeded` when a handler takes too long, once", async () => {
    const { handler, release, signals } = held()
    const { client, told, clock } = play({ health: handler }, { limits: { callTimeoutMs: 1000 } })
    await client.write(health(1))
    await until(() => signals.length === 1)
    clock.advance(1000)
    await until(() => told.length === 1)
    release()
    await turns(5)
    expect(told).toMatchObject([{ status: "deadline_exceeded", requestId: 1 }])
    expect(signals[0]?.aborted).toBe(true)
  })

  it("does not call it a fault when a handler stops because it was told to", async () => {
    const obedient: Handlers<Session>["health"] = (_request, _context, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new DOMException("told to", "AbortError")))
      })
    const { client, told, faults } = play({ health: obedient })
    await client.write(concatBytes(health(1), encodeCancel(1)))
    await until(() => told.length === 1)
    await turns(5)
    expect(faults).toEqual([])
  })

  it("aborts running calls when the connection breaks", async () => {
    const { handler, signals } = held()
    const { client, served, cut } = play({ health: handler })
    await client.write(health(1))
    await until(() => signals.length === 1)
    cut()
    expect(await served.closed).toMatchObject({ code: "closed" })
    expect(signals[0]?.aborted).toBe(true)
  })
})

describe("limits of a served connection", () => {
  it("stops reading at the limit of concurrent calls and goes on when one is done", async () => {
    const { handler, release, signals } = held()
    const { client, told, served } = play({ health: handler }, { limits: { maxConcurrentCalls: 2 } })
    await client.write(concatBytes(health(1), health(2), health(3)))
    await turns(20)
    expect(signals).toHaveLength(2)
    expect(served.runningCalls).toBe(2)
    release()
    await until(() => told.length === 3)
    expect(served.runningCalls).toBe(0)
  })

  it("does not let a client that cancels have more handlers at work than any other", async () => {
    const { handler, signals } = held()
    const { client } = play({ health: handler }, { limits: { maxConcurrentCalls: 2 } })
    for (let requestId = 1; requestId <= 9; requestId += 1) {
      await client.write(concatBytes(health(requestId), encodeCancel(requestId)))
    }
    await turns(20)
    expect(signals).toHaveLength(2)
  })

  it("does not work for a client that does not read its answers", async () => {
    let calls = 0
    const generous: Handlers<Session>["health"] = async () => {
      calls += 1
      return { version: "x".repeat(100_000) }
    }
    const { client } = play({ health: generous }, { limits: { maxConcurrentCalls: 4 }, reads: false })
    for (let requestId = 1; requestId <= 40; requestId += 1) await client.write(health(requestId))
    await turns(50)
    expect(calls).toBeLessThanOrEqual(6)
  })

  it("gives up a client that reads nothing for too long", async () => {
    const { client, served, clock } = play(
      { health: async () => ({ version: "x".repeat(1_000_000) }) },
      { limits: { writeStallMs: 1000 }, reads: false },
    )
    await client.write(health(1))
    await turns(20)
    clock.advance(1000)
    expect(await served.closed).toMatchObject({ code: "overflow" })
  })
})

describe("a client that breaks the protocol", () => {
  it.each([
    ["asks twice under one id", concatBytes(health(1), health(1)), "duplicate_request"],
    ["announces too long a payload", encodeRequest(802, 1, new Uint8Array(65)).slice(0, 10), "oversize"],
    ["cancels with a payload", Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0, 1), "malformed_frame"],
    ["sends garbage", new Uint8Array(64).fill(0xff), "oversize"],
  ] as const)("loses the connection when it %s", async (_what, bytes, code) => {
    const { handler } = held()
    const { client, served, clientEnd } = play({ health: handler }, { limits: { maxPayloadBytes: 64 } })
    await client.write(bytes.slice())
    expect(await served.closed).toMatchObject({ name: "ProtocolError", code })
    expect(await clientEnd).toMatchObject({ peerReason: `protocol error: ${code}` })
  })

  it("loses the connection when it stops inside a frame", async () => {
    const { client, served } = play({})
    await client.write(health(1).slice(0, 5))
    await client.finish()
    expect(await served.closed).toMatchObject({ code: "truncated" })
  })
})

describe("pushing", () => {
  it("numbers pushes from 1 without gaps", async () => {
    const { served, told } = play({})
    await served.push(events.sessionEnded, { reason: "revoked" })
    await served.push(events.goingAway, { reconnectAfterMs: 5 })
    await until(() => told.length === 2)
    expect(told).toMatchObject([
      { kind: "push", eventId: 3, sequence: 1n },
      { kind: "push", eventId: 2, sequence: 2n },
    ])
  })

  it("makes the pusher wait for a client that does not read", async () => {
    const { served } = play({}, { reads: false })
    let taken = 0
    const pushing = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await served.push(events.envelopePushed, { envelope: { data: new Uint8Array(50_000) } })
        taken += 1
      }
    })()
    await turns(50)
    expect(taken).toBeLessThan(6)
    await served.close()
    await expect(pushing).rejects.toMatchObject({ code: "unavailable", reason: "connection_lost" })
  })

  it("fails the connection when the pusher does not wait", async () => {
    const { served } = play({}, { limits: { maxQueuedPushes: 2 }, reads: false })
    const push = (): Promise<void> =>
      served.push(events.envelopePushed, { envelope: { data: new Uint8Array(200_000) } })
    const pushes = await Promise.allSettled([push(), push(), push()])
    expect(pushes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"])
    expect(await served.closed).toMatchObject({ code: "overflow" })
  })

  it("fails the connection when waiting pushes hold too many bytes", async () => {
    const { served } = play({}, { limits: { maxQueuedPushBytes: 300_000 }, reads: false })
    const push = (): Promise<void> =>
      served.push(events.envelopePushed, { envelope: { data: new Uint8Array(200_000) } })
    await Promise.allSettled([push(), push()])
    expect(await served.closed).toMatchObject({ code: "overflow" })
  })

  it("rejects after the end", async () => {
    const { served } = play({})
    await served.close()
    await expect(served.push(events.goingAway, {})).rejects.toMatchObject({ reason: "connection_lost" })
  })

  it("refuses what is longer than a frame", async () => {
    const { served } = play({}, { limits: { maxPayloadBytes: 10 } })
    const push = served.push(events.sessionEnded, { reason: "x".repeat(20) })
    await expect(push).rejects.toBeInstanceOf(RangeError)
  })
})

describe("draining", () => {
  it("finishes running calls, refuses new ones, then closes", async () => {
    const { handler, release, signals } = held()
    const { client, served, told, clientEnd, clock } = play({ health: handler })
    await client.write(health(1))
    await until(() => signals.length === 1)
    const drained = served.drain(5000)
    await client.write(health(2))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "unavailable", requestId: 2 })
    expect(failureOf(told[0])).toMatchObject({ reason: "going_away" })
    release()
    await drained
    expect(await clientEnd).toMatchObject({ peerReason: "going away" })
    expect(told[1]).toMatchObject({ status: "ok", requestId: 1 })
    expect(signals).toHaveLength(1)
    expect(clock.timerCount).toBe(0)
  })

  it("delivers the last answer and the last push before the connection closes", async () => {
    const { client, served, told, clientEnd } = play({ health: asHealthy })
    await client.write(health(1))
    await until(() => served.runningCalls > 0 || told.length > 0)
    void served.push(events.goingAway, { reconnectAfterMs: 5 })
    await served.drain(5000)
    await clientEnd
    expect(told.map(({ kind }) => kind).toSorted()).toEqual(["push", "response"])
  })

  it("does not wait longer than it was told to", async () => {
    const { handler, signals } = held()
    const { client, served, clock } = play({ health: handler })
    await client.write(health(1))
    await until(() => signals.length === 1)
    const drained = served.drain(5000)
    clock.advance(5000)
    await drained
    expect(signals[0]?.aborted).toBe(true)
  })

  it("answers a client that has nothing more to ask before it closes", async () => {
    const { handler, release, signals } = held()
    const { client, told, served } = play({ health: handler })
    await client.write(health(1))
    await client.finish()
    await until(() => signals.length === 1)
    release()
    expect(await served.closed).toBeUndefined()
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "ok", requestId: 1 })
  })
})

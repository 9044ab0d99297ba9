import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeMessage, encodeMessage } from "./codec.ts"
import { ErrorSchema } from "./gen/qpc/v1/common_pb.ts"
import { methods } from "./method.ts"
import type { ServerFrame } from "./receive.ts"
import { RpcError } from "./rpc-error.ts"
import type { Handlers } from "./rpc-server.ts"
import { encodeCancel, encodeRequest } from "./send.ts"
import { turns, until } from "./testing/index.ts"
import { health, held, play, type Session } from "./testing/played-client.ts"

const asHealthy = async (): Promise<{ version: string }> => ({ version: "1" })
const failureOf = (frame: ServerFrame | undefined): unknown => decodeMessage(ErrorSchema, frame!.payload)

const throwAtOnce = (): never => {
  throw new Error("at once")
}

const obedient: Handlers<Session>["health"] = (_request, _context, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("told to", "AbortError")))
  })

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

  it("cuts a wish to wait that its field has no room for", async () => {
    const refusal = new RpcError("resource_exhausted", "rate_limited", "Wait.", { retryAfterMs: 2 ** 40 })
    const { client, told } = play({ health: () => Promise.reject(refusal) })
    await client.write(health(1))
    await until(() => told.length === 1)
    expect(failureOf(told[0])).toMatchObject({ reason: "rate_limited", retryAfterMs: 2 ** 32 - 1 })
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
    const { client, told } = play({ health: throwAtOnce })
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

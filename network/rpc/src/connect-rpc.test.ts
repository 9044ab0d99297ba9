import { memoryPair, type Connection } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { encodeMessage } from "./codec.ts"
import { connectRpc } from "./connect-rpc.ts"
import { ErrorSchema, GoingAwaySchema } from "./gen/qpc/v1/common_pb.ts"
import { EnvelopePushedSchema } from "./gen/qpc/v1/delivery_pb.ts"
import type { RpcClientLimits } from "./limits.ts"
import { methods } from "./method.ts"
import { clientFrameReceiver, type ClientFrame } from "./receive.ts"
import type { RpcClient, TracedFrame } from "./rpc-client.ts"
import { encodePush, encodeResponse } from "./send.ts"
import { turns, until, VirtualClock } from "./testing/index.ts"

interface Played {
  readonly client: RpcClient
  /** What the client sent. */
  readonly asked: ClientFrame[]
  /** The server's end, played by the test. */
  readonly server: Connection
  readonly clock: VirtualClock
  readonly trace: TracedFrame[]
  readonly goodbyes: number[]
  /** Why the server's end is over, once it is. */
  readonly serverEnd: Promise<unknown>
  readonly cut: () => void
}

function play(limits: Partial<RpcClientLimits> = {}): Played {
  const pair = memoryPair()
  const { near, far } = pair
  const clock = new VirtualClock()
  const trace: TracedFrame[] = []
  const goodbyes: number[] = []
  const asked: ClientFrame[] = []
  const client = connectRpc(near, {
    limits,
    clock,
    onFrame: (frame) => void trace.push(frame),
    onGoingAway: ({ reconnectAfterMs }) => void goodbyes.push(reconnectAfterMs),
  })
  const listen = async (): Promise<unknown> => {
    const receiver = clientFrameReceiver(4 * 1024 * 1024)
    try {
      for await (const chunk of far.incoming) asked.push(...receiver.receive(chunk).frames)
      return undefined
    } catch (error) {
      return error
    }
  }
  return { client, asked, server: far, clock, trace, goodbyes, serverEnd: listen(), cut: () => pair.cut() }
}

const healthy = (version: string): Uint8Array => encodeMessage(methods.health.response, { version })
const pushed = (sequence: bigint): Uint8Array =>
  encodePush(1, sequence, encodeMessage(EnvelopePushedSchema, { envelope: { seq: sequence } }))

describe("calling", () => {
  it("gives every caller its own answer, in whatever order answers come", async () => {
    const { client, asked, server } = play()
    const calls = [1, 2, 3].map(() => client.call(methods.health, {}))
    await until(() => asked.length === 3)
    for (const requestId of [3, 1, 2]) await server.write(encodeResponse("ok", requestId, healthy(`v${requestId}`)))
    expect((await Promise.all(calls)).map(({ version }) => version)).toEqual(["v1", "v2", "v3"])
  })

  it("rejects with what the server answered", async () => {
    const { client, asked, server } = play()
    const call = client.call(methods.enqueue, {})
    await until(() => asked.length === 1)
    const payload = encodeMessage(ErrorSchema, { reason: "inbox_full", message: "Wait.", retryAfterMs: 700 })
    await server.write(encodeResponse("resource_exhausted", 1, payload))
    await expect(call).rejects.toMatchObject({
      name: "RpcError",
      code: "resource_exhausted",
      reason: "inbox_full",
      message: "Wait.",
      retryAfterMs: 700,
      retryable: true,
    })
  })

  it("says `deadline_exceeded` when the time is up, and takes the request back", async () => {
    const { client, asked, clock } = play()
    const call = client.call(methods.health, {}, { deadlineMs: 500 })
    await until(() => asked.length === 1)
    clock.advance(500)
    await expect(call).rejects.toMatchObject({ code: "deadline_exceeded", reason: "deadline", retryable: true })
    await until(() => asked.length === 2)
    expect(asked[1]).toEqual({ kind: "cancel", requestId: 1 })
  })

  it("says `cancelled` when the caller gives up, and takes the request back", async () => {
    const { client, asked } = play()
    const controller = new AbortController()
    const call = client.call(methods.health, {}, { signal: controller.signal })
    await until(() => asked.length === 1)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: "cancelled", reason: "aborted" })
    await until(() => asked.length === 2)
    expect(asked[1]).toEqual({ kind: "cancel", requestId: 1 })
  })

  it("sends nothing for a signal that was aborted before", async () => {
    const { client, asked } = play()
    const call = client.call(methods.health, {}, { signal: AbortSignal.abort() })
    await expect(call).rejects.toMatchObject({ code: "cancelled" })
    await turns(5)
    expect(asked).toEqual([])
  })

  it("accepts the late answer to a request that it took back", async () => {
    const { client, asked, server, clock } = play()
    const late = client.call(methods.health, {}, { deadlineMs: 500 })
    await until(() => asked.length === 1)
    clock.advance(500)
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" })
    await server.write(encodeResponse("ok", 1, healthy("late")))
    const next = client.call(methods.health, {})
    await until(() => asked.length === 3)
    await server.write(encodeResponse("ok", 2, healthy("next")))
    expect((await next).version).toBe("next")
  })

  it("counts a server as gone that does not even confirm a cancellation", async () => {
    const { client, asked, clock } = play({ cancelGraceMs: 2000 })
    const call = client.call(methods.health, {}, { deadlineMs: 500 })
    await until(() => asked.length === 1)
    clock.advance(500)
    await expect(call).rejects.toMatchObject({ code: "deadline_exceeded" })
    clock.advance(2000)
    expect(await client.closed).toMatchObject({ code: "closed", retryable: true })
  })

  it("lets calls wait when too many are outstanding, and refuses when too many wait", async () => {
    const { client, asked, server } = play({ maxOutstandingCalls: 2, maxWaitingCalls: 1 })
    const calls = [1, 2, 3].map(() => client.call(methods.health, {}))
    await expect(client.call(methods.health, {})).rejects.toMatchObject({ reason: "too_many_calls" })
    await until(() => asked.length === 2)
    await turns(5)
    expect(asked).toHaveLength(2)
    for (const requestId of [1, 2]) await server.write(encodeResponse("ok", requestId, healthy("a")))
    await until(() => asked.length === 3)
    await server.write(encodeResponse("ok", 3, healthy("b")))
    expect((await Promise.all(calls)).map(({ version }) => version)).toEqual(["a", "a", "b"])
  })

  it("never sends a call that gave up while it waited", async () => {
    const { client, asked, server, clock } = play({ maxOutstandingCalls: 1 })
    const first = client.call(methods.health, {})
    const second = client.call(methods.peek, {}, { deadlineMs: 10 })
    await until(() => asked.length === 1)
    clock.advance(10)
    await expect(second).rejects.toMatchObject({ code: "deadline_exceeded" })
    await server.write(encodeResponse("ok", 1, healthy("a")))
    await first
    await turns(5)
    expect(asked).toHaveLength(1)
  })

  it("refuses a request that is longer than the method takes", async () => {
    const { client } = play()
    const call = client.call(methods.resolveUser, { username: "x".repeat(20_000) })
    await expect(call).rejects.toMatchObject({ code: "invalid_argument", reason: "request_too_large" })
  })

  it.each([0, -1, Number.NaN, 2 ** 31])("refuses a deadline of %d ms", async (deadlineMs) => {
    await expect(play().client.call(methods.health, {}, { deadlineMs })).rejects.toBeInstanceOf(RangeError)
  })

  it.each([0, 1.5, -1, Number.NaN])("refuses %d as a limit", (maxOutstandingCalls) => {
    expect(() => play({ maxOutstandingCalls })).toThrow(RangeError)
  })

  it("leaves no timer behind", async () => {
    const { client, asked, server, clock } = play()
    const call = client.call(methods.health, {})
    await until(() => asked.length === 1)
    await server.write(encodeResponse("ok", 1, healthy("a")))
    await call
    expect(clock.timerCount).toBe(0)
    const lost = client.call(methods.health, {}, { deadlineMs: 5 })
    await until(() => asked.length === 2)
    clock.advance(5)
    await expect(lost).rejects.toThrow()
    await client.close()
    expect(clock.timerCount).toBe(0)
  })

  it("shows every frame to whoever traces, without content", async () => {
    const { client, asked, server, trace } = play()
    const call = client.call(methods.peek, { limit: 9 })
    await until(() => asked.length === 1)
    await server.write(encodeResponse("ok", 1, new Uint8Array(0)))
    await call
    expect(trace).toEqual([
      { direction: "down", kind: "request", name: "peek", id: 1, payloadBytes: 2 },
      { direction: "up", kind: "response", name: "peek", id: 1, payloadBytes: 0 },
    ])
  })
})

describe("losing the connection", () => {
  it("rejects calls in flight as `connection_lost`, and calls that waited as `not_connected`", async () => {
    const { client, asked, cut } = play({ maxOutstandingCalls: 1 })
    const inFlight = client.call(methods.health, {})
    const waiting = client.call(methods.health, {})
    await until(() => asked.length === 1)
    cut()
    await expect(inFlight).rejects.toMatchObject({ code: "unavailable", reason: "connection_lost", retryable: true })
    await expect(waiting).rejects.toMatchObject({ code: "unavailable", reason: "not_connected", retryable: true })
    expect(await client.closed).toMatchObject({ name: "TransportError", code: "closed" })
    expect(client.isOpen).toBe(false)
    await expect(client.call(methods.health, {})).rejects.toMatchObject({ reason: "not_connected" })
  })

  it("rejects calls in flight as `closed` when this side closes, which is not an error", async () => {
    const { client, asked } = play()
    const call = client.call(methods.health, {})
    await until(() => asked.length === 1)
    const closing = client.close("enough")
    await expect(call).rejects.toMatchObject({ code: "cancelled", reason: "closed" })
    await closing
    expect(await client.closed).toBeUndefined()
  })

  it("lets the reader take the pushes that arrived before, then throws", async () => {
    const { client, server } = play()
    await server.write(pushed(1n))
    await server.close("going away")
    await client.closed
    const sequences: bigint[] = []
    const reading = (async () => {
      for await (const push of client.pushes) sequences.push(push.sequence)
    })()
    await expect(reading).rejects.toMatchObject({ code: "closed" })
    expect(sequences).toEqual([1n])
  })
})

describe("pushes", () => {
  it("arrive in order under the name of their event", async () => {
    const { client, server, goodbyes } = play()
    await server.write(pushed(1n))
    await server.write(encodePush(2, 2n, encodeMessage(GoingAwaySchema, { reason: "update", reconnectAfterMs: 50 })))
    const reader = client.pushes[Symbol.asyncIterator]()
    expect((await reader.next()).value).toMatchObject({ name: "envelopePushed", message: { envelope: { seq: 1n } } })
    expect((await reader.next()).value).toMatchObject({ name: "goingAway", message: { reason: "update" } })
    expect(goodbyes).toEqual([50])
  })

  it("skips an event of a later version, but counts it", async () => {
    const { client, server } = play()
    await server.write(encodePush(99, 1n, Uint8Array.of(1, 2, 3)))
    await server.write(pushed(2n))
    expect((await client.pushes[Symbol.asyncIterator]().next()).value).toMatchObject({ sequence: 2n })
  })

  it("fails the connection when they are not read", async () => {
    const { client, server } = play({ maxUnreadPushes: 2 })
    for (const sequence of [1n, 2n, 3n]) await server.write(pushed(sequence))
    expect(await client.closed).toMatchObject({ code: "overflow", retryable: true })
  })

  it("closes the connection when the reader leaves", async () => {
    const { client, server, serverEnd } = play()
    await server.write(pushed(1n))
    for await (const push of client.pushes) if (push.sequence === 1n) break
    expect(await client.closed).toBeUndefined()
    expect(await serverEnd).toMatchObject({ code: "closed" })
  })
})

describe("a server that breaks the protocol", () => {
  const oversize = encodeResponse("ok", 1, new Uint8Array(65)).subarray(0, 9)

  it.each([
    ["answers what was not asked", encodeResponse("ok", 77, healthy("x")), "unknown_response"],
    ["announces too long a payload", oversize, "oversize"],
    ["starts its pushes with the second", pushed(2n), "sequence_gap"],
    ["pushes something that does not decode", encodePush(1, 1n, Uint8Array.of(0x0a, 9)), "malformed_message"],
    ["answers with what does not decode", encodeResponse("ok", 1, Uint8Array.of(0x0a, 9)), "malformed_message"],
    ["refuses with what does not decode", encodeResponse("internal", 1, Uint8Array.of(0x0a, 9)), "malformed_message"],
    ["uses a status of no table", Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0), "unknown_status"],
    ["sends garbage", new Uint8Array(64).fill(0x7f), "unknown_status"],
  ] as const)("loses the connection when it %s", async (_what, bytes, code) => {
    const { client, asked, server, serverEnd } = play({ maxPayloadBytes: 64 })
    const call = client.call(methods.health, {})
    await until(() => asked.length === 1)
    await server.write(bytes.slice())
    await expect(call).rejects.toMatchObject({ code: "unavailable", reason: "connection_lost" })
    expect(await client.closed).toMatchObject({ name: "ProtocolError", code })
    expect(await serverEnd).toMatchObject({ peerReason: `protocol error: ${code}` })
  })

  it("loses the connection when it repeats a push", async () => {
    const { client, server } = play()
    await server.write(pushed(1n))
    await server.write(pushed(1n))
    expect(await client.closed).toMatchObject({ code: "sequence_gap" })
  })

  it("loses the connection when it answers twice", async () => {
    const { client, asked, server } = play()
    const call = client.call(methods.health, {})
    await until(() => asked.length === 1)
    await server.write(encodeResponse("ok", 1, healthy("x")))
    await call
    await server.write(encodeResponse("ok", 1, healthy("x")))
    expect(await client.closed).toMatchObject({ code: "unknown_response" })
  })

  it("loses the connection when it stops inside a frame", async () => {
    const { client, server } = play()
    await server.write(pushed(1n).slice(0, 5))
    await server.finish()
    expect(await client.closed).toMatchObject({ code: "truncated" })
  })
})

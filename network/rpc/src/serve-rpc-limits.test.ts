import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeMessage, encodeMessage } from "./codec.ts"
import { events } from "./event.ts"
import { ErrorSchema } from "./gen/qpc/v1/common_pb.ts"
import { methods } from "./method.ts"
import type { ServerFrame } from "./receive.ts"
import type { Handlers } from "./rpc-server.ts"
import { encodeCancel, encodeRequest } from "./send.ts"
import { turns, until } from "./testing/index.ts"
import { health, held, play, type Session } from "./testing/played-client.ts"

const asHealthy = async (): Promise<{ version: string }> => ({ version: "1" })
const failureOf = (frame: ServerFrame | undefined): unknown => decodeMessage(ErrorSchema, frame!.payload)

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

  it("keeps no long payload of a stranger: it is refused by its header, skipped, and the next call is served", async () => {
    const { client, told } = play({ health: asHealthy })
    const call = encodeRequest(methods.enqueue.id, 1, new Uint8Array(1_000_000))
    await client.write(call.slice(0, 10))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status: "unauthenticated", requestId: 1 })
    await client.write(concatBytes(call.slice(10), health(2)))
    await until(() => told.length === 2)
    expect(told[1]).toMatchObject({ status: "ok", requestId: 2 })
  })

  it.each([
    ["a known method", methods.peek.id, "invalid_argument"],
    ["no method", 0x7777, "unimplemented"],
  ] as const)("keeps no payload that is too long for %s", async (_what, methodId, status) => {
    const { client, told } = play({}, { session: { username: "alice" } })
    await client.write(encodeRequest(methodId, 1, new Uint8Array(1_000_000)).slice(0, 10))
    await until(() => told.length === 1)
    expect(told[0]).toMatchObject({ status, requestId: 1 })
  })

  it("takes a long payload of somebody with a session", async () => {
    const lengths: number[] = []
    const enqueue: Handlers<Session>["enqueue"] = async ({ payload }) => {
      lengths.push(payload.length)
      return {}
    }
    const { client, told } = play({ enqueue }, { session: { username: "alice" } })
    const request = encodeMessage(methods.enqueue.request, { payload: new Uint8Array(1_000_000) })
    await client.write(encodeRequest(methods.enqueue.id, 1, request))
    await until(() => told.length === 1)
    expect(lengths).toEqual([1_000_000])
  })

  it("makes one answer that may fill a frame at a time", async () => {
    let calls = 0
    const peek: Handlers<Session>["peek"] = async () => {
      calls += 1
      return { envelopes: [{ data: new Uint8Array(1_000_000) }] }
    }
    const { client, told, served } = play({ peek, health: asHealthy }, { session: { username: "alice" }, reads: false })
    const frames = [1, 2, 3].map((requestId) => encodeRequest(methods.peek.id, requestId, new Uint8Array(0)))
    await client.write(concatBytes(...frames))
    await turns(50)
    expect(calls).toBe(1)
    await served.close()

    const reading = play({ peek, health: asHealthy }, { session: { username: "alice" } })
    await reading.client.write(concatBytes(...frames, health(4)))
    await until(() => reading.told.length === 4)
    expect(reading.told.map((frame) => frame.kind === "response" && frame.requestId)).toEqual([4, 1, 2, 3])
    expect(told).toEqual([])
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

  it("takes a single push that is longer than the limit of waiting bytes", async () => {
    const { served, told } = play({}, { limits: { maxQueuedPushBytes: 10 } })
    await served.push(events.envelopePushed, { envelope: { data: new Uint8Array(1000) } })
    await until(() => told.length === 1)
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

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeMessage, encodeMessage, MAX_MESSAGE_FIELDS } from "./codec.ts"
import { eventById, events } from "./event.ts"
import { BatchEnqueueRequestSchema, EnqueueRequestSchema } from "./gen/qpc/v1/delivery_pb.ts"
import { methodById, methods } from "./method.ts"

const rows = Object.keys(methods).map((name) => methods[name as keyof typeof methods])
const eventRows = Object.keys(events).map((name) => events[name as keyof typeof events])
const schemas = [
  ...rows.flatMap(({ request, response }) => [request, response]),
  ...eventRows.map((row) => row.message),
]

/** A batch with one delivery to so many recipients. */
function recipientKeys(count: number): Uint8Array {
  const deliveries = [{ recipientKeys: Array.from({ length: count }, () => new Uint8Array(0)) }]
  return encodeMessage(BatchEnqueueRequestSchema, { deliveries })
}

describe("messages", () => {
  it("returns a message or nothing for 100 000 inputs of any bytes", () => {
    const mutated = fc
      .tuple(fc.uint8Array({ maxLength: 32 }), fc.uint8Array({ maxLength: 32 }), fc.nat(80), fc.nat(255))
      .map(([payload, messageId, at, value]) => {
        const bytes = encodeMessage(EnqueueRequestSchema, { payload, messageId, ttlSecs: 7 })
        bytes[at % Math.max(bytes.length, 1)] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.constantFrom(...schemas), fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (schema, bytes) => {
        const message = decodeMessage(schema, bytes)
        expect(message === undefined || message.$typeName === schema.typeName).toBe(true)
      }),
      { numRuns: 100_000 },
    )
  })

  it("refuses what stops in the middle", () => {
    const bytes = encodeMessage(EnqueueRequestSchema, { payload: new Uint8Array(9) })
    expect(decodeMessage(EnqueueRequestSchema, bytes.subarray(0, -1))).toBeUndefined()
  })

  it("refuses more fields than a message may have, on any level, before it makes objects of them", () => {
    expect(decodeMessage(BatchEnqueueRequestSchema, recipientKeys(MAX_MESSAGE_FIELDS))).toBeUndefined()
    const { deliveries } = decodeMessage(BatchEnqueueRequestSchema, recipientKeys(MAX_MESSAGE_FIELDS - 1)) ?? {}
    expect(deliveries?.[0]?.recipientKeys).toHaveLength(MAX_MESSAGE_FIELDS - 1)
  })

  it("does not keep fields that it does not know", () => {
    const message = decodeMessage(methods.health.request, Uint8Array.of(0x78, 1))
    expect(message?.$unknown).toBeUndefined()
  })
})

describe("the method table", () => {
  it("has the numbers of messenger §2 and of the schemas", () => {
    expect(rows.map(({ id, name }) => `${id} ${name}`)).toEqual([
      "100 opaqueRegisterStart",
      "101 opaqueRegisterFinish",
      "102 opaqueLoginStart",
      "103 opaqueLoginFinish",
      "104 resumeSession",
      "200 enqueue",
      "203 peek",
      "204 ack",
      "205 batchEnqueue",
      "206 subscribe",
      "207 fetchCommits",
      "208 fetchEpochs",
      "300 uploadKeyPackage",
      "301 fetchKeyPackage",
      "500 resolveUser",
      "501 resolveIdentity",
      "700 registerDevice",
      "701 listDevices",
      "702 revokeDevice",
      "802 health",
      "803 askTime",
    ])
  })

  it.each(rows)("gives $name the messages of its name, and finds it by number", (row) => {
    const base = `qpc.v1.${row.name.slice(0, 1).toUpperCase()}${row.name.slice(1)}`
    expect(row.request.typeName).toBe(`${base}Request`)
    expect(row.response.typeName).toBe(`${base}Response`)
    expect(methodById(row.id)).toBe(row)
  })

  it("lets only logging in and looking around happen without a session", () => {
    expect(rows.filter((row) => !row.needsSession).map((row) => row.id)).toEqual([100, 101, 102, 103, 104, 802])
  })

  it("finds nothing under a number that is in no row", () => {
    expect(methodById(0)).toBeUndefined()
    expect(methodById(999)).toBeUndefined()
  })
})

describe("the event table", () => {
  it.each(eventRows)("gives $name the message of its name, and finds it by number", (row) => {
    expect(row.message.typeName.toLowerCase()).toBe(`qpc.v1.${row.name.toLowerCase()}`)
    expect(eventById(row.id)).toBe(row)
  })
})

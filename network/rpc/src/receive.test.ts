import { concatBytes, fromHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { clientFrameReceiver, serverFrameReceiver, type ClientFrame, type ServerFrame } from "./receive.ts"
import { encodeCancel, encodePush, encodeRequest, encodeResponse } from "./send.ts"
import { statuses, type StatusName } from "./status.ts"

const LIMIT = 64

const payloads = fc.uint8Array({ maxLength: LIMIT })
const requestIds = fc.nat(0xffff_ffff)
const clientFrames: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    methodId: fc.integer({ min: 1, max: 0xffff }),
    requestId: requestIds,
    payload: payloads,
  }),
  fc.record({ kind: fc.constant("cancel" as const), requestId: requestIds }),
)
const serverFrames: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("response" as const),
    status: fc.constantFrom(...(Object.keys(statuses) as StatusName[])),
    requestId: requestIds,
    payload: payloads,
  }),
  fc.record({
    kind: fc.constant("push" as const),
    eventId: fc.nat(0x7fff),
    sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    payload: payloads,
  }),
)

function encodeClientFrame(frame: ClientFrame): Uint8Array {
  if (frame.kind === "cancel") return encodeCancel(frame.requestId)
  if (frame.kind === "overlong") throw new Error("unreachable: nobody sends a frame without its payload")
  return encodeRequest(frame.methodId, frame.requestId, frame.payload)
}

function encodeServerFrame(frame: ServerFrame): Uint8Array {
  if (frame.kind === "push") return encodePush(frame.eventId, frame.sequence, frame.payload)
  return encodeResponse(frame.status, frame.requestId, frame.payload)
}

/** Cuts `bytes` at every one of `lengths` in turn; the rest is the last piece. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (const length of lengths) {
    yield bytes.slice(at, at + length)
    at += length
  }
  yield bytes.slice(at)
}

describe("frames from a client", () => {
  it("lose payloads that are longer than wanted, wherever they are cut, and nothing else", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(fc.array(clientFrames), lengths, fc.nat(LIMIT), (frames, cuts, keptBytes) => {
        const receiver = clientFrameReceiver(LIMIT, () => keptBytes)
        const got: ClientFrame[] = []
        const bytes = concatBytes(...frames.map(encodeClientFrame))
        for (const chunk of cut(bytes, cuts)) got.push(...receiver.receive(chunk).frames)
        expect(receiver.end()).toBeUndefined()
        const wanted = frames.map((frame): ClientFrame => {
          if (frame.kind !== "request" || frame.payload.length <= keptBytes) return frame
          const { methodId, requestId, payload } = frame
          return { kind: "overlong", methodId, requestId, payloadBytes: payload.length }
        })
        expect(got).toEqual(wanted)
      }),
    )
  })

  it("are cut off when the stream ends inside a payload that is skipped", () => {
    const receiver = clientFrameReceiver(LIMIT, () => 0)
    receiver.receive(encodeRequest(1, 1, new Uint8Array(5)).slice(0, 12))
    expect(receiver.end()).toMatchObject({ code: "truncated" })
  })

  it("has the layout of messenger §2", () => {
    expect(encodeRequest(0x0102, 0x03040506, fromHex("aabb"))).toEqual(fromHex("01020304050600000002aabb"))
    expect(encodeCancel(7)).toEqual(fromHex("00000000000700000000"))
  })

  it("reads back what it wrote, however the bytes were grouped", () => {
    fc.assert(
      fc.property(fc.array(clientFrames), fc.array(fc.nat(40)), (frames, lengths) => {
        const receiver = clientFrameReceiver(LIMIT)
        const received: ClientFrame[] = []
        for (const chunk of cut(concatBytes(...frames.map(encodeClientFrame)), lengths)) {
          received.push(...receiver.receive(chunk).frames)
        }
        expect(received).toEqual(frames)
        expect(receiver.end()).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it("refuses a cancellation with a payload", () => {
    const { frames, violation } = clientFrameReceiver(LIMIT).receive(fromHex("0000000000070000000100"))
    expect(frames).toEqual([])
    expect(violation?.code).toBe("malformed_frame")
  })
})

describe("frames from a server", () => {
  it("has the layout of messenger §2, told apart by the first bit", () => {
    expect(encodeResponse("unavailable", 0x01020304, fromHex("aa"))).toEqual(fromHex("0e0102030400000001aa"))
    expect(encodePush(1, 2n, fromHex("bb"))).toEqual(fromHex("8001000000000000000200000001bb"))
  })

  it("reads back what it wrote, however the bytes were grouped", () => {
    fc.assert(
      fc.property(fc.array(serverFrames), fc.array(fc.nat(40)), (frames, lengths) => {
        const receiver = serverFrameReceiver(LIMIT)
        const received: ServerFrame[] = []
        for (const chunk of cut(concatBytes(...frames.map(encodeServerFrame)), lengths)) {
          received.push(...receiver.receive(chunk).frames)
        }
        expect(received).toEqual(frames)
        expect(receiver.end()).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it("refuses a status that is in no table", () => {
    const { violation } = serverFrameReceiver(LIMIT).receive(fromHex("020000000100000000"))
    expect(violation?.code).toBe("unknown_status")
  })
})

describe("a frame receiver", () => {
  it("accepts a payload as long as the limit", () => {
    const { frames } = clientFrameReceiver(LIMIT).receive(encodeRequest(1, 1, new Uint8Array(LIMIT)))
    expect(frames).toHaveLength(1)
  })

  it("refuses a payload over the limit as soon as it is announced", () => {
    const header = encodeRequest(1, 1, new Uint8Array(LIMIT + 1)).subarray(0, 10)
    expect(clientFrameReceiver(LIMIT).receive(header).violation?.code).toBe("oversize")
  })

  it("gives out the frames before a violation, and nothing after it", () => {
    const receiver = clientFrameReceiver(LIMIT)
    const good = encodeRequest(1, 1, new Uint8Array(3))
    const oversize = encodeRequest(1, 2, new Uint8Array(LIMIT + 1))
    const first = receiver.receive(concatBytes(good, oversize))
    expect(first.frames).toHaveLength(1)
    expect(first.violation?.code).toBe("oversize")
    expect(receiver.receive(good)).toEqual({ frames: [], violation: first.violation })
    expect(receiver.end()).toBe(first.violation)
  })

  it("reports a stream that ends inside a frame", () => {
    const receiver = serverFrameReceiver(LIMIT)
    receiver.receive(encodeResponse("ok", 1, new Uint8Array(3)).subarray(0, 11))
    expect(receiver.end()?.code).toBe("truncated")
  })

  it("gives payloads that survive a change of the chunk they came in", () => {
    const chunk = encodeRequest(1, 1, fromHex("0102"))
    const { frames } = clientFrameReceiver(LIMIT).receive(chunk)
    chunk.fill(0)
    expect(frames).toMatchObject([{ payload: fromHex("0102") }])
  })

  it("takes a frame of the full 4 MiB in small chunks in linear time", () => {
    const receiver = clientFrameReceiver(4 * 1024 * 1024)
    const bytes = encodeRequest(1, 1, new Uint8Array(4 * 1024 * 1024).fill(7))
    const received: ClientFrame[] = []
    for (let at = 0; at < bytes.length; at += 16) received.push(...receiver.receive(bytes.subarray(at, at + 16)).frames)
    expect(received).toHaveLength(1)
  })

  it("returns for 100 000 streams of any bytes, and says the same however they were grouped", () => {
    const headers = fc.constantFrom("0000", "0064", "00c80000", "0e", "05", "8001", "80010000000000000001", "ffff")
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      headers.map((hex) => fromHex(hex)),
      clientFrames.map(encodeClientFrame),
      serverFrames.map(encodeServerFrame),
    )
    const streams = fc.array(piece, { maxLength: 4 }).map((pieces) => concatBytes(...pieces))
    fc.assert(
      fc.property(streams, fc.array(fc.nat(20), { maxLength: 6 }), fc.boolean(), (stream, lengths, isClient) => {
        const make = (): { receive(chunk: Uint8Array): { frames: readonly unknown[]; violation?: Error } } =>
          isClient ? clientFrameReceiver(LIMIT) : serverFrameReceiver(LIMIT)
        const whole = make().receive(stream)
        const receiver = make()
        const frames: unknown[] = []
        let violation: Error | undefined
        for (const chunk of cut(stream, lengths)) {
          const received = receiver.receive(chunk)
          frames.push(...received.frames)
          violation = received.violation
        }
        expect({ frames, violation }).toEqual({ frames: whole.frames, violation: whole.violation })
      }),
      { numRuns: 100_000 },
    )
  })
})

import { fromHex, toHex, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FLATBUFFERS_MESSAGES } from "./flatbuffers.ts"
import { CBOR_MESSAGES } from "./message.ts"
import type { GtpMessage } from "./message.ts"
import { PROTOBUF_MESSAGES } from "./protobuf.ts"
import { MessageReceiver } from "./receive.ts"
import { sendText } from "./send.ts"

const random = (lengthBytes: number) => new Uint8Array(lengthBytes).fill(9)
const CODECS = [CBOR_MESSAGES, PROTOBUF_MESSAGES, FLATBUFFERS_MESSAGES]
const sample: GtpMessage = {
  messageId: 300n,
  senderId: 7,
  timestampMs: 0n,
  requestId: 0,
  flags: 4,
  contentType: 0,
  contentLength: 2,
  body: toUtf8("hi"),
}
const anyMessage: fc.Arbitrary<GtpMessage> = fc.record({
  messageId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  senderId: fc.nat({ max: 0xffff_ffff }),
  timestampMs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  requestId: fc.nat({ max: 0xffff_ffff }),
  flags: fc.nat({ max: 255 }),
  contentType: fc.nat({ max: 255 }),
  contentLength: fc.nat({ max: 0xffff_ffff }),
  body: fc.uint8Array({ maxLength: 50 }),
})

describe.each(CODECS)("payload format $format of a message", (codec) => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(codec.decode(codec.encode(message), undefined)).toEqual(message)
      }),
    )
  })

  it("reads any bytes as a message, or refuses them", () => {
    const bytes = codec.encode({ ...sample, timestampMs: 5n, requestId: 6 })
    const mutated = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const copy = bytes.slice()
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (input) => {
        try {
          const message = codec.decode(input, undefined)
          if (codec.format !== 2) expect(codec.encode(message)).toEqual(input)
        } catch (error) {
          expect((error as Error).name).toBe("DecodeError")
        }
      }),
      { numRuns: 2000 },
    )
  })

  it("has a body up to the limit, and none beyond", () => {
    const bytes = codec.encode({ ...sample, body: new Uint8Array(1000), contentLength: 1000 })
    expect(codec.decode(bytes, { bodyBytes: 1000 }).body).toHaveLength(1000)
    expect(() => codec.decode(bytes, { bodyBytes: 999 })).toThrow("too_large")
    expect(() => codec.decode(bytes, { bodyBytes: 10 })).toThrow("too_large")
  })

  it("hands out a body that nobody else has", () => {
    const bytes = codec.encode(sample)
    const { body } = codec.decode(bytes, undefined)
    bytes.fill(0)
    expect(body).toEqual(toUtf8("hi"))
  })

  it("crosses from a sender to a receiver who speaks it", () => {
    const sent = sendText({ text: "hi", senderId: 7, nowMs: 5, random, codec })
    if (sent.kind !== "message") throw new Error(sent.reason)
    const arrived = { senderId: 7, payloadFormat: codec.format, payload: sent.payload }
    expect(new MessageReceiver({ codecs: CODECS }).receive(arrived)).toMatchObject({ kind: "text", text: "hi" })
    const other = { ...arrived, payloadFormat: 3 }
    expect(new MessageReceiver({ codecs: CODECS }).receive(other)).toMatchObject({
      reason: "unsupported_payload_format",
    })
  })
})

describe("a receiver that was told of no format", () => {
  it("speaks CBOR alone", () => {
    const payload = PROTOBUF_MESSAGES.encode(sample)
    const received = new MessageReceiver().receive({ senderId: 7, payloadFormat: 1, payload })
    expect(received).toEqual({ kind: "drop", reason: "unsupported_payload_format", code: 0x2002 })
  })
})

/** Written by hand from the Protobuf encoding guide: keys are field × 8 + wire type. */
describe("a message in Protobuf", () => {
  it("has its fields in ascending order, and no defaults", () => {
    expect(toHex(PROTOBUF_MESSAGES.encode(sample))).toBe("08ac0210072804380242026869")
  })

  it.each([
    ["fields in another order", "100708ac022804380242026869"],
    ["a written default", "08ac02100718002804380242026869"],
    ["a field twice", "08ac02100710072804380242026869"],
    ["a long form", "08ac820010072804380242026869"],
    ["an unknown field", "08ac02100728043802420268694801"],
    ["a field of another type", "0d00000001"],
    ["an end too early", "08ac02420968"],
  ])("is refused with %s", (_, hex) => {
    expect(() => PROTOBUF_MESSAGES.decode(fromHex(hex), undefined)).toThrow(/not_minimal|bad_value/)
  })
})

describe("a message in FlatBuffers", () => {
  it("is refused where its table is so long that the runtime would take offsets in it for negative ones", () => {
    const bytes = new Uint8Array(131_072)
    const view = new DataView(bytes.buffer)
    const [table, vtable, vector] = [25_536, 65_540, 65_560]
    view.setUint32(0, table, true)
    view.setInt32(table, table - vtable, true)
    view.setUint16(vtable, 20, true)
    view.setUint16(vtable + 2, 40_004, true)
    view.setUint16(vtable + 18, 40_000, true)
    view.setUint32(table + 40_000, vector - table - 40_000, true)
    view.setUint32(vector, 65_000, true)
    expect(() => FLATBUFFERS_MESSAGES.decode(bytes, undefined)).toThrow("bad_value")
  })

  it("is read in another layout than ours: vtable behind the table, fields in their own order, defaults written", () => {
    const table = "d4ffffff070000002c0100000000000000000000000000000000000004000000"
    const rest = "000000000200000018000000"
    const vtable = "14002c0008000400100018001c00200024002800"
    const bytes = fromHex("0800000000000000" + table + rest + vtable + "0200000068690000")
    expect(FLATBUFFERS_MESSAGES.decode(bytes, undefined)).toEqual(sample)
  })
})

import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FLATBUFFERS_AUDIO } from "./flatbuffers.ts"
import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioPayload } from "./payload.ts"
import { PROTOBUF_AUDIO } from "./protobuf.ts"
import { AudioReceiver } from "./receive.ts"
import { AudioSource } from "./send.ts"

const CODECS = [CBOR_AUDIO, PROTOBUF_AUDIO, FLATBUFFERS_AUDIO]
const sample: AudioPayload = { mediaSourceId: 9, sequence: 258, timestamp: 960n, keyPhase: 0, opus: fromHex("78aabb") }
const anyPayload: fc.Arbitrary<AudioPayload> = fc.record({
  mediaSourceId: fc.nat({ max: 0xffff_ffff }),
  sequence: fc.nat({ max: 0xffff }),
  timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  keyPhase: fc.nat({ max: 0xffff_ffff }),
  opus: fc.uint8Array({ maxLength: 50 }),
})

describe.each(CODECS)("payload format $format of audio", (codec) => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(anyPayload, (payload) => {
        expect(codec.decode(codec.encode(payload), OPUS_MAX_BYTES)).toEqual(payload)
      }),
    )
  })

  it("has a packet up to the limit, and none beyond", () => {
    const bytes = codec.encode({ ...sample, opus: new Uint8Array(200) })
    expect(codec.decode(bytes, 200).opus).toHaveLength(200)
    expect(() => codec.decode(bytes, 199)).toThrow("too_large")
    expect(() => codec.decode(bytes, 10)).toThrow("too_large")
  })

  it("has no sequence number beyond 16 bits", () => {
    expect(() => codec.decode(codec.encode({ ...sample, sequence: 0x1_0000 }), OPUS_MAX_BYTES)).toThrow("bad_value")
  })

  it("crosses from a source to a receiver who speaks it", () => {
    const source = new AudioSource({ mediaSourceId: 9, codec })
    const arrived = { senderId: 2, epoch: 5n, payloadFormat: codec.format, payload: source.frame(fromHex("78"), 5n) }
    const receiver = new AudioReceiver(() => true, { codecs: CODECS })
    expect(receiver.receive(arrived)).toMatchObject({ kind: "audio", mediaSourceId: 9 })
    expect(receiver.receive({ ...arrived, payloadFormat: 3 })).toMatchObject({ reason: "unsupported_payload_format" })
  })
})

describe("audio in Protobuf", () => {
  it("has its fields in ascending order, and no defaults", () => {
    expect(toHex(PROTOBUF_AUDIO.encode(sample))).toBe("080910820218c0072a0378aabb")
  })
})

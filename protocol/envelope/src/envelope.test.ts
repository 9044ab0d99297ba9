import { fromHex, toGroupId, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeEnvelope, encodeEnvelope, ENVELOPE_OVERHEAD_BYTES } from "./envelope.ts"
import type { Envelope } from "./envelope.ts"
import { envelopeHeader } from "./header.ts"
import { receiveEnvelope } from "./receive.ts"
import { sendEnvelope } from "./send.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const sample: Envelope = { kind: "commit", groupId, epoch: 258n, sealed: fromHex("aabbcc") }
const sampleHex = "0102000102030405060708090a0b0c0d0e0f000000000000010203aabbcc"

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record({
  kind: fc.constantFrom("application" as const, "commit" as const, "welcome" as const, "proposal" as const),
  groupId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toGroupId(bytes)),
  epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  sealed: fc.uint8Array({ maxLength: 300 }),
})

describe("envelope", () => {
  it("is version, kind, group id, epoch and the sealed part", () => {
    expect(toHex(encodeEnvelope(sample))).toBe(sampleHex)
    expect(decodeEnvelope(fromHex(sampleHex))).toEqual(sample)
  })

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
      }),
    )
  })

  it.each([
    ["00" + sampleHex.slice(2), "reserved_value", "version 0"],
    ["02" + sampleHex.slice(2), "reserved_value", "a future version"],
    ["0100" + sampleHex.slice(4), "reserved_value", "kind 0"],
    ["0105" + sampleHex.slice(4), "reserved_value", "an unknown kind"],
    [sampleHex + "00", "trailing_bytes", "something behind it"],
    [sampleHex.slice(0, -2), "truncated", "a missing byte"],
    [sampleHex.slice(0, 52) + "4003aabbcc", "not_minimal", "a long length"],
    ["", "truncated", "nothing"],
  ])("refuses %s as %s: %s", (hex, reason) => {
    expect(receiveEnvelope(fromHex(hex))).toEqual({ kind: "drop", reason })
  })

  it("refuses more than its limit, on the way in and on the way out", () => {
    const sizeBytes = sampleHex.length / 2
    expect(receiveEnvelope(fromHex(sampleHex), { sizeBytes })).toMatchObject({ kind: "envelope" })
    expect(receiveEnvelope(fromHex(sampleHex), { sizeBytes: sizeBytes - 1 })).toEqual({
      kind: "drop",
      reason: "too_large",
    })
    expect(sendEnvelope(sample, { sizeBytes })).toMatchObject({ kind: "envelope" })
    expect(sendEnvelope(sample, { sizeBytes: sizeBytes - 1 })).toMatchObject({ kind: "too_large", sizeBytes })
    expect(() => encodeEnvelope(sample, { sizeBytes: sizeBytes - 1 })).toThrow(RangeError)
  })

  it("adds no more than its declared overhead", () => {
    expect(encodeEnvelope({ ...sample, sealed: new Uint8Array(70_000) }).length - 70_000).toBe(ENVELOPE_OVERHEAD_BYTES)
  })

  it("gives each kind, group and epoch a header of its own", () => {
    const headers = [
      sample,
      { ...sample, kind: "application" as const },
      { ...sample, epoch: 259n },
      { ...sample, groupId: toGroupId(new Uint8Array(16)) },
    ].map((envelope) => toHex(envelopeHeader(envelope)))
    expect(new Set(headers).size).toBe(4)
    expect(envelopeHeader({ ...sample, sealed: new Uint8Array(9) } as Envelope)).toEqual(envelopeHeader(sample))
  })
})

describe("receiving an envelope", () => {
  it("answers 100 000 random and mutated inputs, and accepts one encoding only", () => {
    const mutated = fc.tuple(anyEnvelope, fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 40 })).map((drawn) => {
      const [envelope, at, byte, cut] = drawn
      const bytes = encodeEnvelope(envelope)
      bytes[at % bytes.length] = byte
      return cut < 10 ? bytes.subarray(0, bytes.length - cut) : bytes
    })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const received = receiveEnvelope(bytes)
        if (received.kind === "envelope") expect(toHex(encodeEnvelope(received.envelope))).toBe(toHex(bytes))
      }),
      { numRuns: 100_000 },
    )
  })
})

import { fromHex, toGroupId, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeEnvelope, encodeEnvelope, ENVELOPE_OVERHEAD_BYTES, logLabelBytes } from "./envelope.ts"
import type { Envelope, LogLabel } from "./envelope.ts"
import { commitHash } from "./commit-hash.ts"
import { envelopeHeader } from "./header.ts"
import { receiveEnvelope } from "./receive.ts"
import { sendEnvelope } from "./send.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const sample: Envelope = { kind: "commit", groupId, epoch: 258n, sealed: fromHex("aabbcc") }
const sampleHex = "0102000102030405060708090a0b0c0d0e0f000000000000010203aabbcc"

const anyBytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const anyHead = fc.record({ hash: anyBytes(32), signature: anyBytes(64) })
const anyEntry = fc.record({ authenticatorHash: anyBytes(32), acceptedAtMs: fc.maxSafeNat() })
const anyEnvelope: fc.Arbitrary<Envelope> = fc
  .record({
    kind: fc.constantFrom(
      ...(["application", "commit", "welcome", "proposal", "rejoin_request", "rejoin_answer"] as const),
    ),
    groupId: anyBytes(16).map((bytes) => toGroupId(bytes)),
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    sealed: fc.uint8Array({ maxLength: 300 }),
  })
  .chain((plain): fc.Arbitrary<Envelope> => {
    if (["proposal", "rejoin_request", "rejoin_answer"].includes(plain.kind)) return fc.constant(plain)
    const log: fc.Arbitrary<LogLabel> =
      plain.kind === "commit"
        ? fc.tuple(anyHead, anyEntry).map(([head, entry]) => Object.assign({}, head, { entry }))
        : anyHead
    return fc.oneof(
      fc.constant(plain),
      log.map((label) => Object.assign({}, plain, { log: label })),
    )
  })

const head: LogLabel = { hash: new Uint8Array(32).fill(1), signature: new Uint8Array(64).fill(2) }
const entry = { authenticatorHash: new Uint8Array(32).fill(3), acceptedAtMs: 4 }

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
    ["03" + sampleHex.slice(2), "reserved_value", "a future version"],
    ["0204" + sampleHex.slice(4), "reserved_value", "a proposal with a log label"],
    ["02" + sampleHex.slice(2), "truncated", "a version with a log label, and none"],
    ["0100" + sampleHex.slice(4), "reserved_value", "kind 0"],
    ["0205" + sampleHex.slice(4), "reserved_value", "a rejoin request with a log label"],
    ["0206" + sampleHex.slice(4), "reserved_value", "a rejoin answer with a log label"],
    ["0107" + sampleHex.slice(4), "reserved_value", "an unknown kind"],
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

  it("has the log's entry and head before the sealed part of a commit, and the head alone before that of others", () => {
    const headHex = "01".repeat(32) + "02".repeat(64)
    const entryHex = "03".repeat(32) + "0000000000000004"
    const commit = toHex(encodeEnvelope({ ...sample, log: { ...head, entry } }))
    expect(commit).toBe("02" + sampleHex.slice(2, -8) + entryHex + headHex + sampleHex.slice(-8))
    const text = toHex(encodeEnvelope({ ...sample, kind: "application", log: head }))
    expect(text).toBe("0201" + sampleHex.slice(4, -8) + headHex + sampleHex.slice(-8))
  })

  it("takes no log label of another kind, and no time that is not exact", () => {
    expect(() => encodeEnvelope({ ...sample, log: head })).toThrow(RangeError)
    expect(() => encodeEnvelope({ ...sample, kind: "welcome", log: { ...head, entry } })).toThrow(RangeError)
    expect(() => encodeEnvelope({ ...sample, kind: "proposal", log: head })).toThrow(RangeError)
    expect(() => encodeEnvelope({ ...sample, kind: "welcome", log: { ...head, hash: new Uint8Array(31) } })).toThrow()
    const bytes = encodeEnvelope({ ...sample, log: { ...head, entry } })
    bytes[26 + 32 + 1] = 0x20
    expect(receiveEnvelope(bytes)).toEqual({ kind: "drop", reason: "bad_value" })
  })

  it("lets a log label be added to an envelope of the greatest length", () => {
    const sizeBytes = sampleHex.length / 2
    const logged = { ...sample, log: { ...head, entry } }
    const bytes = encodeEnvelope(logged, { sizeBytes })
    expect(bytes.length).toBe(sizeBytes + logLabelBytes("commit"))
    expect(decodeEnvelope(bytes, { sizeBytes })).toEqual(logged)
    expect(receiveEnvelope(bytes, { sizeBytes: sizeBytes - 1 })).toMatchObject({ reason: "too_large" })
    const longer = encodeEnvelope({ ...sample, sealed: new Uint8Array(4) })
    expect(receiveEnvelope(longer, { sizeBytes })).toMatchObject({ reason: "too_large" })
  })

  it("is known to the log by what its author offered", () => {
    const seen: string[] = []
    const crypto = { hash: (data: Uint8Array) => (seen.push(toHex(data)), data) }
    commitHash(crypto, sample)
    commitHash(crypto, { ...sample, log: { ...head, entry } })
    expect(seen).toEqual([sampleHex, sampleHex])
  })

  it("binds the head that a text names, and not what a delivery service adds to others", () => {
    const text = { ...sample, kind: "application" as const }
    const headers = [text, { ...text, log: head }, { ...text, log: { ...head, hash: new Uint8Array(32) } }]
    expect(new Set(headers.map((one) => toHex(envelopeHeader(one)))).size).toBe(3)
    expect(envelopeHeader({ ...sample, log: { ...head, entry } })).toEqual(envelopeHeader(sample))
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

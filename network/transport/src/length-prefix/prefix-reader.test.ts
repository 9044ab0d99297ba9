import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FramingError } from "./framing-error.ts"
import { PrefixReader, withPrefix } from "./prefix-reader.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** Cuts `bytes` at pseudo-random places: pieces of the lengths given, over and over. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

function read(pieces: readonly Uint8Array[], maxFrameBytes?: number): string[] {
  const reader = new PrefixReader(maxFrameBytes)
  const frames: string[] = []
  for (const piece of pieces) for (const frame of reader.push(piece)) frames.push(hex(frame))
  reader.end()
  return frames
}

describe("reading length-prefixed frames", () => {
  it("takes a little-endian length, then the frame", () => {
    expect(read([Buffer.from("03000000a1b2c301000000ff", "hex")])).toEqual(["a1b2c3", "ff"])
  })

  it("reads back what was written, however it was cut", () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9_000 }), { maxLength: 12 })
    const lengths = fc.array(fc.oneof(fc.constantFrom(1, 3, 4, 5), fc.integer({ min: 1, max: 6_000 })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(frames, lengths, (written, pieceLengths) => {
        const stream = Buffer.concat(written.map((frame) => withPrefix(frame)))
        expect(read(cut(stream, pieceLengths))).toEqual(written.map(hex))
      }),
    )
  })

  it("returns frames or a reason for any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(40), (bytes, limit) => {
        try {
          for (const frame of read([bytes], limit + 1)) expect(frame.length / 2).toBeLessThanOrEqual(limit + 1)
        } catch (error) {
          expect(error).toBeInstanceOf(FramingError)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    { stream: "05000000", limit: 4, code: "frame_too_large", offset: 0 },
    { stream: "01000000aa05000000", limit: 4, code: "frame_too_large", offset: 5 },
    { stream: "ffffffff", limit: 1_048_576, code: "frame_too_large", offset: 0 },
    { stream: "00000000", limit: 4, code: "empty_frame", offset: 0 },
    { stream: "010000", limit: 4, code: "frame_cut", offset: 3 },
    { stream: "01000000aa04000000bbcc", limit: 4, code: "frame_cut", offset: 11 },
  ])("refuses $stream under a limit of $limit: $code at $offset", ({ stream, limit, code, offset }) => {
    expect(() => read([Buffer.from(stream, "hex")], limit)).toThrow(expect.objectContaining({ code, offset }))
  })

  it("takes a frame of exactly the limit", () => {
    expect(read([Buffer.from("04000000aabbccdd", "hex")], 4)).toEqual(["aabbccdd"])
  })

  it("takes no more memory for a length than for what arrived of it", () => {
    const readers = Array.from({ length: 1_000 }, () => new PrefixReader())
    const before = process.memoryUsage().arrayBuffers
    for (const reader of readers) expect([...reader.push(Buffer.from("00001000aa", "hex"))]).toEqual([])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000)
  })
})

describe("writing length-prefixed frames", () => {
  it.each([0, 5])("refuses a frame of %d bytes under a limit of 4", (length) => {
    expect(() => withPrefix(new Uint8Array(length), 4)).toThrow(RangeError)
  })

  it.each([0, 1.5, 2 ** 32])("knows no limit of %d bytes", (limit) => {
    expect(() => new PrefixReader(limit)).toThrow(RangeError)
  })
})

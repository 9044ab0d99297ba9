import { DecodeError, equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeMlsMessage } from "./mls-message.ts"
import { decodePrivateContent } from "./private-message.ts"
import { messageCodecs } from "./testing/message-codecs.ts"

const NO_DATA = new Uint8Array(0)
const codecs = messageCodecs()

describe("message codecs", () => {
  it.each(Object.entries(codecs))("write what they read: %s", (_, { valid, rewrite }) => {
    expect(rewrite(valid)).toEqual(valid)
  })

  it.each(Object.entries(codecs))("refuse every truncation: %s", (name, { valid, rewrite }) => {
    // Padding may be of any length, so private content is whole from its signature on.
    const end = name === "private content" ? 71 : valid.length
    for (let length = 0; length < end; length++) expect(() => rewrite(valid.slice(0, length))).toThrow(DecodeError)
  })

  it("survive 100 000 foreign inputs, and what they accept has no second encoding", () => {
    const entries = Object.values(codecs)
    const next = numbers(0xdec0de)
    let acceptedCount = 0
    for (let run = 0; run < 100_000; run++) {
      const { valid, rewrite } = entries[run % entries.length] ?? {
        valid: NO_DATA,
        rewrite: (bytes: Uint8Array) => bytes,
      }
      const bytes = mutate(valid, next)
      try {
        if (!equalBytes(rewrite(bytes), bytes)) throw new Error(`a second encoding in run ${run}`)
        acceptedCount++
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    expect(acceptedCount).toBeGreaterThan(1000)
  })

  it.each([
    ["another version", Uint8Array.of(0, 2, 0, 5), "reserved_value"],
    ["an unlisted wire format", Uint8Array.of(0, 1, 0, 6), "reserved_value"],
    ["content of no type", Uint8Array.of(0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "reserved_value"],
    ["a sender of no type", Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "reserved_value"],
    ["a sender of another type", Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5), "reserved_value"],
  ])("refuse %s", (_, bytes, code) => {
    expect(() => decodeMlsMessage(bytes)).toThrow(expect.objectContaining({ code }))
  })

  it("refuse padding that is not zero", () => {
    const { valid } = codecs["private content"] ?? { valid: NO_DATA }
    const bytes = valid.with(valid.length - 1, 1)
    expect(() => decodePrivateContent(bytes, "application")).toThrow(expect.objectContaining({ code: "bad_value" }))
  })
})

/** xorshift32: fast, and the same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Some bytes replaced, cut off or added. */
function mutate(original: Uint8Array, next: () => number): Uint8Array {
  const bytes = original.slice()
  for (let count = next() % 3; count >= 0; count--) bytes[next() % bytes.length] = next() & 0xff
  const cut = next() % 8
  if (cut === 0) return bytes.subarray(0, next() % bytes.length)
  return cut === 1 ? Uint8Array.of(...bytes, next() & 0xff) : bytes
}

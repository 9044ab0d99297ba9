import { describe, expect, it } from "vitest"
import { decodedOrUndefined, DecodeError } from "./decode-error.ts"

const throwing = (error: Error) => (): number => {
  throw error
}

describe("decoding foreign bytes", () => {
  it("gives what was decoded", () => {
    expect(decodedOrUndefined(() => 7)).toBe(7)
  })

  it("gives nothing for bytes that are not a valid encoding", () => {
    expect(decodedOrUndefined(throwing(new DecodeError("truncated", 3)))).toBeUndefined()
  })

  it("does not take a fault of ours for one of the peer", () => {
    expect(() => decodedOrUndefined(throwing(new TypeError("ours")))).toThrow(TypeError)
  })
})

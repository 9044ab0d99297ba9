import { Buffer } from "node:buffer"
import { describe, expect, it } from "vitest"
import { extended, ownBytes } from "./own-bytes.ts"

describe("bytes out of node:crypto", () => {
  it("are copied out of memory that others share", () => {
    const shared = Buffer.from([9, 1, 2, 3, 9])
    const own = ownBytes(shared.subarray(1, 4))
    shared.fill(0)
    expect(own).toEqual(Uint8Array.of(1, 2, 3))
    expect(own.buffer.byteLength).toBe(3)
  })

  it("are not copied where they fill their memory", () => {
    const alone = Buffer.from(Uint8Array.of(1, 2, 3).buffer)
    expect(ownBytes(alone).buffer).toBe(alone.buffer)
    expect(ownBytes(alone).constructor).toBe(Uint8Array)
  })
})

describe("bytes that something follows", () => {
  it("grow in memory of their own, shared before or not", () => {
    const shared = Buffer.from([9, 1, 2, 9]).subarray(1, 3)
    for (const bytes of [shared, Uint8Array.of(1, 2)]) {
      const longer = extended(bytes, 2)
      expect(longer).toEqual(Uint8Array.of(1, 2, 0, 0))
      expect(longer.buffer.byteLength).toBe(4)
    }
    expect(shared).toHaveLength(2)
  })
})

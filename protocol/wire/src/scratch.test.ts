import { describe, expect, it } from "vitest"
import { withScratch } from "./scratch.ts"

describe("scratch bytes", () => {
  it.each([0, 1, 16_384, 16_385, 1_000_000])("are %i zeros, whoever had them before", (lengthBytes) => {
    withScratch(lengthBytes, (bytes) => bytes.fill(0xff))
    withScratch(lengthBytes, (bytes) => {
      expect(bytes.length).toBe(lengthBytes)
      expect(bytes.every((byte) => byte === 0)).toBe(true)
    })
  })

  it.each([10, 20_000])("are zeroed after the call, also where it throws (%i bytes)", (lengthBytes) => {
    let kept: Uint8Array | undefined
    const failing = (): never =>
      withScratch(lengthBytes, (bytes) => {
        kept = bytes.fill(7)
        throw new Error("after writing")
      })
    expect(failing).toThrow("after writing")
    expect(kept?.every((byte) => byte === 0)).toBe(true)
  })

  it("are different bytes for calls within each other, however deep and long", () => {
    const nest = (depth: number): void =>
      withScratch(1500, (bytes) => {
        bytes.fill(depth)
        if (depth < 30) nest(depth + 1)
        expect(bytes.every((byte) => byte === depth)).toBe(true)
      })
    nest(1)
  })

  it("return what the call returns", () => {
    expect(withScratch(4, (bytes) => bytes.length + 1)).toBe(5)
  })
})

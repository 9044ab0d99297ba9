import { describe, expect, it } from "vitest"
import { toHex } from "./bytes.ts"
import { Writer } from "./writer.ts"

describe("writer", () => {
  it("keeps every kind of field that outgrows the buffer", () => {
    const writer = new Writer(1).uint8(1).uint8(2).uint16(0x0304).uint32(0x05060708).uint64(0x090a0b0c0d0e0f10n)
    writer.bytes(Uint8Array.of(0x11, 0x12)).vector(new Uint8Array(40))
    expect(toHex(writer.finish())).toBe(`0102030405060708090a0b0c0d0e0f10111228${"00".repeat(40)}`)
  })
})

import { describe, expect, it } from "vitest"
import { newMessageId, toDeviceKey, toGroupId, toIdentityKey, toMessageId, uuidText } from "./ids.ts"

const ones = (lengthBytes: number) => new Uint8Array(lengthBytes).fill(0xff)

describe("ids", () => {
  it("have one length each", () => {
    expect(() => toGroupId(new Uint8Array(15))).toThrow(RangeError)
    expect(() => toMessageId(new Uint8Array(17))).toThrow(RangeError)
    expect(() => toIdentityKey(new Uint8Array(31))).toThrow(RangeError)
    expect(() => toDeviceKey(new Uint8Array(33))).toThrow(RangeError)
    expect(toIdentityKey(new Uint8Array(32))).toHaveLength(32)
  })

  it("of messages are UUIDv7: time, version and variant (RFC 9562 §5.7)", () => {
    expect(uuidText(newMessageId(0x017f22e279b0, ones))).toBe("017f22e2-79b0-7fff-bfff-ffffffffffff")
    expect(uuidText(newMessageId(0, (n) => new Uint8Array(n)))).toBe("00000000-0000-7000-8000-000000000000")
    expect(uuidText(newMessageId(2 ** 48 - 1, ones))).toBe("ffffffff-ffff-7fff-bfff-ffffffffffff")
  })

  it("of messages need a time of 48 bits", () => {
    for (const nowMs of [-1, 0.5, 2 ** 48]) expect(() => newMessageId(nowMs, ones)).toThrow(RangeError)
  })
})

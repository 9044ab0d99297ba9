import { fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MEMBER_ID_EXTENSION, memberIdExtension, signedMemberId } from "./member-id-extension.ts"

const holding = (hex: string) => [{ extensionType: MEMBER_ID_EXTENSION, extensionData: fromHex(hex) }]

describe("a member id in a leaf", () => {
  it("is a number of 32 bits in an extension of the private range", () => {
    const { extensionType, extensionData } = memberIdExtension(999_999)
    expect([extensionType, toHex(extensionData)]).toEqual([0xf6b1, "000f423f"])
    expect(signedMemberId([memberIdExtension(0)])).toBe(0)
  })

  it("is absent where the leaf says nothing", () => {
    expect(signedMemberId([{ extensionType: 0xf000, extensionData: fromHex("00000001") }])).toBeUndefined()
  })

  it.each(["", "000000", "0000000001", "000f4240", "ffffffff"])("is not read from %s", (hex) => {
    expect(signedMemberId(holding(hex))).toBe("malformed")
  })

  it.each([-1, 1.5, 1_000_000, Number.NaN])("is not written for %d", (memberId) => {
    expect(() => memberIdExtension(memberId)).toThrow(RangeError)
  })
})

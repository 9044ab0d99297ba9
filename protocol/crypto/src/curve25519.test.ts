import { concatBytes, fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { ed25519InputsAreStrict, x25519PublicKeyIsValid } from "./curve25519.ts"

const honest = fromHex("7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa")
const s = new Uint8Array(32).fill(1)
const middle = "ff".repeat(30)

/** Encodings that strict verification refuses, as a key and as R. */
const REFUSED: readonly (readonly [name: string, hex: string])[] = [
  ["the neutral element", `01${"00".repeat(31)}`],
  ["the neutral element with a sign", `01${"00".repeat(30)}80`],
  ["a point of order 2", `ec${middle}7f`],
  ["a point of order 2 with a sign", `ec${middle}ff`],
  ["a point of order 4", "00".repeat(32)],
  ["the other point of order 4", `${"00".repeat(31)}80`],
  ["a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
  ["another point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
  ["a third point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["the last point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
  ["y = p", `ed${middle}7f`],
  ["y = p with a sign", `ed${middle}ff`],
  ["y = p + 1", `ee${middle}7f`],
  ["y = p + 4, a second encoding of a good point", `f1${middle}7f`],
  ["the largest y", `ff${middle}ff`],
]

describe("strict Ed25519 inputs", () => {
  it("take an honest key and signature", () => {
    expect(ed25519InputsAreStrict(honest, concatBytes(honest, s))).toBe(true)
  })

  it.each(REFUSED)("refuse as a key: %s", (_, hex) => {
    expect(ed25519InputsAreStrict(fromHex(hex), concatBytes(honest, s))).toBe(false)
  })

  it.each(REFUSED)("refuse as R: %s", (_, hex) => {
    expect(ed25519InputsAreStrict(honest, concatBytes(fromHex(hex), s))).toBe(false)
  })

  it.each([
    ["y just below p", `eb${middle}7f`],
    ["y whose middle is not all ones", `ee${"ff".repeat(29)}fe7f`],
    ["y whose low end is not all ones", `eefe${"ff".repeat(29)}7f`],
  ])("take %s", (_, hex) => {
    expect(ed25519InputsAreStrict(fromHex(hex), concatBytes(fromHex(hex), s))).toBe(true)
  })

  it.each([0, 31, 33, 64])("refuse a key of %i bytes", (lengthBytes) => {
    const key = new Uint8Array(lengthBytes).fill(3)
    expect(ed25519InputsAreStrict(key, concatBytes(honest, s))).toBe(false)
  })

  it.each([0, 32, 63, 65])("refuse a signature of %i bytes", (lengthBytes) => {
    expect(ed25519InputsAreStrict(honest, new Uint8Array(lengthBytes).fill(3))).toBe(false)
  })
})

describe("X25519 public keys", () => {
  it.each([
    ["0", "00".repeat(32)],
    ["1", `01${"00".repeat(31)}`],
    ["a point of order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"],
    ["the other point of order 8", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"],
    ["p − 1", `ec${middle}7f`],
    ["p", `ed${middle}7f`],
    ["p + 1", `ee${middle}7f`],
    ["p + 1 with the ignored bit set", `ee${middle}ff`],
  ])("that force the secret are not valid: %s", (_, hex) => {
    expect(x25519PublicKeyIsValid(fromHex(hex))).toBe(false)
  })

  it("are valid without being reduced (RFC 7748 §5)", () => {
    expect(x25519PublicKeyIsValid(fromHex(`ef${middle}7f`))).toBe(true)
  })

  it.each([0, 31, 33])("have 32 bytes, not %i", (lengthBytes) => {
    expect(x25519PublicKeyIsValid(new Uint8Array(lengthBytes).fill(9))).toBe(false)
  })
})

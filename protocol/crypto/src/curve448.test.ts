import { concatBytes, fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { ed448InputsAreStrict, x448PublicKeyIsValid } from "./curve448.ts"

// RFC 8032 §7.4, the public key of the test "1 octet".
const honest = fromHex(
  "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
)
const s = new Uint8Array(57).fill(1)
const half = "ff".repeat(27)

/** Encodings that strict verification refuses, as a key and as R. */
const REFUSED: readonly (readonly [name: string, hex: string])[] = [
  ["the neutral element", `01${"00".repeat(56)}`],
  ["the neutral element with a sign", `01${"00".repeat(55)}80`],
  ["the point of order 2", `fe${half}fe${half}00`],
  ["a point of order 4", "00".repeat(57)],
  ["the other point of order 4", `${"00".repeat(56)}80`],
  ["y = p", `ff${half}fe${half}00`],
  ["y = p + 1", `${"00".repeat(28)}ff${half}00`],
  ["y = p + 4, a second encoding of a small y", `03${"00".repeat(27)}ff${half}80`],
  ["the largest y", `${"ff".repeat(56)}80`],
  ["a bit beside the sign", `05${"00".repeat(55)}01`],
]

describe("strict Ed448 inputs", () => {
  it("take an honest key and signature", () => {
    expect(ed448InputsAreStrict(honest, concatBytes(honest, s))).toBe(true)
  })

  it.each(REFUSED)("refuse as a key: %s", (_, hex) => {
    expect(ed448InputsAreStrict(fromHex(hex), concatBytes(honest, s))).toBe(false)
  })

  it.each(REFUSED)("refuse as R: %s", (_, hex) => {
    expect(ed448InputsAreStrict(honest, concatBytes(fromHex(hex), s))).toBe(false)
  })

  it.each([
    ["y just below p − 1", `fd${half}fe${half}00`],
    ["y whose upper half is not all ones", `ff${half}ff${"ff".repeat(26)}fe80`],
    ["y whose middle is smaller", `ff${half}fd${half}00`],
  ])("take %s", (_, hex) => {
    expect(ed448InputsAreStrict(fromHex(hex), concatBytes(fromHex(hex), s))).toBe(true)
  })

  it.each([0, 56, 58])("refuse a key of %i bytes", (lengthBytes) => {
    expect(ed448InputsAreStrict(new Uint8Array(lengthBytes).fill(3), concatBytes(honest, s))).toBe(false)
  })

  it.each([0, 57, 113, 115])("refuse a signature of %i bytes", (lengthBytes) => {
    expect(ed448InputsAreStrict(honest, new Uint8Array(lengthBytes).fill(3))).toBe(false)
  })
})

describe("X448 public keys", () => {
  it.each([
    ["0", "00".repeat(56)],
    ["1", `01${"00".repeat(55)}`],
    ["p − 1", `fe${half}fe${half}`],
    ["p", `ff${half}fe${half}`],
    ["p + 1", `${"00".repeat(28)}ff${half}`],
  ])("that force the secret are not valid: %s", (_, hex) => {
    expect(x448PublicKeyIsValid(fromHex(hex))).toBe(false)
  })

  it("are valid without being reduced (RFC 7748 §5)", () => {
    expect(x448PublicKeyIsValid(fromHex(`01${"00".repeat(27)}ff${half}`))).toBe(true)
  })

  it.each([0, 55, 57])("have 56 bytes, not %i", (lengthBytes) => {
    expect(x448PublicKeyIsValid(new Uint8Array(lengthBytes).fill(9))).toBe(false)
  })
})

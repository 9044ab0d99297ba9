import { decodeWhole, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { readHpkeCiphertext, writeHpkeCiphertext } from "./hpke-ciphertext.ts"

const encoded = (ciphertextBytes: number): Uint8Array =>
  encode((writer) => {
    const ciphertext = new Uint8Array(ciphertextBytes).fill(9)
    writeHpkeCiphertext(writer, { kemOutput: Uint8Array.of(7, 8), ciphertext })
  })

describe("an HPKE ciphertext", () => {
  it("is laid out as RFC 9420 §7.6 says, and read back", () => {
    const ciphertext = new Uint8Array(16).fill(9)
    expect(encoded(16)).toEqual(Uint8Array.of(2, 7, 8, 16, ...ciphertext))
    expect(decodeWhole(encoded(16), readHpkeCiphertext)).toEqual({ kemOutput: Uint8Array.of(7, 8), ciphertext })
  })

  it("is as long as a tag at least", () => {
    const refused = expect.objectContaining({ code: "bad_value", offset: 0 })
    expect(() => decodeWhole(encoded(15), readHpkeCiphertext)).toThrow(refused)
  })
})

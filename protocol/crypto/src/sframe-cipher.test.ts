import { describe, expect, it } from "vitest"
import { sframeCiphers as browserCiphers } from "./browser/sframe-ciphers.ts"
import { expectNonceReuse } from "./conformance/index.ts"
import { sframeCiphers as nodeCiphers } from "./node/sframe-ciphers.ts"

const cases = [...nodeCiphers].flatMap(([id, cipher]) => [
  { on: "node", cipher, name: cipher.name, twin: browserCiphers.get(id)! },
  { on: "browser", cipher: browserCiphers.get(id)!, name: cipher.name, twin: cipher },
])
const aad = new Uint8Array(5).fill(3)

function keyOf({ keyBytes }: { readonly keyBytes: number }): Uint8Array {
  return Uint8Array.from({ length: keyBytes }, (_, at) => at + 1)
}

function nonceOf(number: number): Uint8Array {
  return new Uint8Array(12).fill(number)
}

describe.each(cases)("$name on $on", ({ cipher, twin }) => {
  const key = keyOf(cipher)

  it("opens what the other platform sealed, whatever the length", () => {
    for (const lengthBytes of [0, 1, 15, 16, 17, 1000]) {
      const text = new Uint8Array(lengthBytes).fill(7)
      const sealed = twin.seal(key, nonceOf(lengthBytes % 251), aad, text)
      expect(sealed).toHaveLength(lengthBytes + cipher.tagBytes)
      expect(cipher.open(key, nonceOf(lengthBytes % 251), aad, sealed)).toEqual(text)
    }
  })

  it("puts a head before what it sealed, as it is", () => {
    const [head, text] = [Uint8Array.of(1, 2, 3), new Uint8Array(20).fill(7)]
    const sealed = cipher.seal(key, nonceOf(3), aad, text)
    expect(cipher.seal(key, nonceOf(3), aad, text, head)).toEqual(Uint8Array.of(...head, ...sealed))
    expect(cipher.open(key, nonceOf(3), aad, sealed)).toEqual(text)
  })

  it("opens nothing that is changed in one bit, cut short or extended", () => {
    const sealed = cipher.seal(key, nonceOf(1), aad, new Uint8Array(20))
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = sealed.with(bit >> 3, sealed[bit >> 3]! ^ (1 << (bit & 7)))
      expect(cipher.open(key, nonceOf(1), aad, changed)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(cipher.open(key, nonceOf(1), aad, sealed.subarray(0, length))).toBeUndefined()
    }
    expect(cipher.open(key, nonceOf(1), aad, Uint8Array.of(...sealed, 0))).toBeUndefined()
    expect(cipher.open(key, nonceOf(1), aad.subarray(1), sealed)).toBeUndefined()
    expect(cipher.open(key, nonceOf(2), aad, sealed)).toBeUndefined()
  })

  it("refuses a key or nonce of another length", () => {
    expect(() => cipher.seal(key.subarray(1), nonceOf(1), aad, aad)).toThrow(RangeError)
    expect(() => cipher.open(key, new Uint8Array(16), aad, aad)).toThrow(RangeError)
  })

  it("is watched: the same nonce for two messages is noticed", () => {
    expectNonceReuse("the watch is what is tested", () => {
      for (const text of ["one", "two"]) cipher.seal(key, nonceOf(9), aad, new TextEncoder().encode(text))
    })
  })
})

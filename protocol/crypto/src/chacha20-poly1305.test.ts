import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as browser from "./browser/index.ts"
import * as node from "./node/index.ts"

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 })
const bytes = fc.uint8Array({ maxLength: 300 })
const empty = new Uint8Array(0)

describe("ChaCha20-Poly1305", () => {
  it("seals alike on both platforms, and each opens the other's", () => {
    fc.assert(
      fc.property(key, nonce, bytes, bytes, (k, n, aad, plaintext) => {
        const sealed = node.chacha20Poly1305Seal(k, n, aad, plaintext)
        expect(browser.chacha20Poly1305Seal(k, n, aad, plaintext)).toEqual(sealed)
        expect(node.chacha20Poly1305Open(k, n, aad, sealed)).toEqual(plaintext)
        expect(browser.chacha20Poly1305Open(k, n, aad, sealed)).toEqual(plaintext)
      }),
    )
  })

  it.each([
    ["node", node],
    ["browser", browser],
  ])("opens nothing forged or short on %s", (_, { chacha20Poly1305Open, chacha20Poly1305Seal }) => {
    const [k, n] = [new Uint8Array(32), new Uint8Array(12)]
    const sealed = chacha20Poly1305Seal(k, n, empty, empty)
    expect(chacha20Poly1305Open(k, n, empty, sealed)).toEqual(empty)
    expect(chacha20Poly1305Open(k, n, Uint8Array.of(1), sealed)).toBeUndefined()
    expect(chacha20Poly1305Open(k, n, empty, sealed.subarray(1))).toBeUndefined()
    expect(chacha20Poly1305Open(k, n, empty, empty)).toBeUndefined()
  })

  it.each([
    ["node", node],
    ["browser", browser],
  ])(
    "throws RangeError for a key or nonce of another length on %s",
    (_, { chacha20Poly1305Open, chacha20Poly1305Seal }) => {
      for (const [k, n] of [
        [new Uint8Array(31), new Uint8Array(12)],
        [new Uint8Array(32), new Uint8Array(24)],
      ] as const) {
        expect(() => chacha20Poly1305Seal(k, n, empty, empty)).toThrow(RangeError)
        expect(() => chacha20Poly1305Open(k, n, empty, new Uint8Array(16))).toThrow(RangeError)
      }
    },
  )
})

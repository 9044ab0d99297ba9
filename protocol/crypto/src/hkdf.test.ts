import { hkdfSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { expand, extract } from "./hkdf.ts"
import { nodeHash } from "./node/hash-function.ts"
import { findNoSodium, findSodiumNative } from "./node/sodium-native.ts"

const sha256 = nodeHash("SHA-256", findSodiumNative)
const bytes = fc.uint8Array({ maxLength: 200 })

describe("HKDF", () => {
  it.each([
    ["sha256", sha256],
    ["sha256", nodeHash("SHA-256", findNoSodium)],
    ["sha512", nodeHash("SHA-512", findNoSodium)],
  ])("agrees with OpenSSL's over %s", (name, hash) => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 400 }), (salt, keyMaterial, info, lengthBytes) => {
        const expected = new Uint8Array(hkdfSync(name, keyMaterial, salt, info, lengthBytes))
        expect(expand(hash, extract(hash, salt, keyMaterial), info, lengthBytes)).toEqual(expected)
      }),
    )
  })

  it("refuses one byte more than 255 hashes and gives exactly that many", () => {
    const key = new Uint8Array(32)
    expect(expand(sha256, key, key, 8160)).toHaveLength(8160)
    expect(() => expand(sha256, key, key, 8161)).toThrow(RangeError)
  })
})

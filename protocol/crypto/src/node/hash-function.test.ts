import { createHash, createHmac } from "node:crypto"
import { describe, expect, it } from "vitest"
import { testBytes } from "../conformance/test-bytes.ts"
import { nodeHash } from "./hash-function.ts"
import { findNoSodium, findSodiumNative, type SodiumNative } from "./sodium-native.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** libsodium, telling of each message that it hashes. */
function watched(hashed: Uint8Array[]): SodiumNative {
  const sodium = findSodiumNative()!
  return {
    ...sodium,
    crypto_hash_sha256(digest, data) {
      hashed.push(data)
      sodium.crypto_hash_sha256(digest, data)
    },
  }
}

describe.each([
  ["libsodium", findSodiumNative],
  ["node:crypto alone", findNoSodium],
])("hashes on %s", (_, findSodium) => {
  it.each([
    ["SHA-256", "sha256"],
    ["SHA-384", "sha384"],
    ["SHA-512", "sha512"],
  ] as const)(
    "agree with OpenSSL's %s and its HMAC, around the edges of blocks and of what is short",
    (name, theirs) => {
      const hash = nodeHash(name, findSodium)
      for (const lengthBytes of [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 255, 256, 257, 1000]) {
        const data = testBytes(lengthBytes, lengthBytes)
        expect(hex(hash.hash(data))).toBe(createHash(theirs).update(data).digest("hex"))
        for (const keyBytes of [0, 1, 32, 63, 64, 65, 128, 129]) {
          const key = testBytes(keyBytes + 1, keyBytes)
          expect(hex(hash.mac(key, data))).toBe(createHmac(theirs, key).update(data).digest("hex"))
        }
      }
    },
  )
})

describe("HMAC-SHA-256 on libsodium", () => {
  it("takes two hashes where key and data are short, and leaves the rest to OpenSSL", () => {
    const hashed: Uint8Array[] = []
    const hash = nodeHash("SHA-256", () => watched(hashed))
    for (const [keyBytes, dataBytes] of [
      [65, 1],
      [1, 257],
    ] as const) {
      hash.mac(new Uint8Array(keyBytes), new Uint8Array(dataBytes))
    }
    expect(hashed).toHaveLength(0)
    hash.mac(new Uint8Array(64), new Uint8Array(256))
    expect(hashed).toHaveLength(2)
  })

  it("leaves neither key nor data behind", () => {
    const hashed: Uint8Array[] = []
    nodeHash("SHA-256", () => watched(hashed)).mac(testBytes(1, 32), testBytes(2, 50))
    expect(hashed.map((bytes) => bytes.length)).toEqual([114, 96])
    expect(hashed.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
  })
})

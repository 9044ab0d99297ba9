import { equalBytes } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, ensureRangeError, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

/** Hash, HMAC and HKDF (RFC 2104, RFC 5869). */
export function checkHashing(suite: CipherSuite, it: Register): void {
  const { hashBytes } = suite.sizes
  const key = testBytes(1, hashBytes)
  const info = testBytes(2, 33)

  it("gives hashes, MACs and extracted keys of hashBytes", () => {
    for (const lengthBytes of [0, 1, 55, 56, 64, 129, 5000]) {
      const data = testBytes(3, lengthBytes)
      ensure(suite.hash(data).length === hashBytes, "hash")
      ensure(suite.mac(key, data).length === hashBytes, "mac")
      ensure(suite.extract(data, key).length === hashBytes, "extract")
    }
  })

  it("takes a MAC key of any length and treats a trailing zero as padding does (RFC 2104 §2)", () => {
    const short = testBytes(4, 5)
    ensureEqual(suite.mac(short, info), suite.mac(Uint8Array.of(...short, 0), info), "padded key")
    ensure(!equalBytes(suite.mac(new Uint8Array(0), info), suite.mac(Uint8Array.of(1), info)), "empty key")
    ensure(suite.mac(testBytes(5, 300), info).length === hashBytes, "long key")
  })

  it("extracts with an empty salt as with one of zeros (RFC 5869 §2.2)", () => {
    ensureEqual(suite.extract(new Uint8Array(0), key), suite.extract(new Uint8Array(hashBytes), key), "salt")
  })

  it("expands to any length up to 255 hashes, each a prefix of the longer", () => {
    const longest = suite.expand(key, info, 255 * hashBytes)
    for (const lengthBytes of [0, 1, hashBytes - 1, hashBytes, hashBytes + 1, 2 * hashBytes, 1000]) {
      ensureEqual(suite.expand(key, info, lengthBytes), longest.slice(0, lengthBytes), `${lengthBytes} bytes`)
    }
  })

  it("refuses to expand to a length that HKDF does not have", () => {
    for (const lengthBytes of [255 * hashBytes + 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      ensureRangeError(`${lengthBytes} bytes`, () => suite.expand(key, info, lengthBytes))
    }
  })
}

import { describe, expect, it } from "vitest"
import { suite0001 } from "../node/index.ts"
import { monitorNonces } from "./nonce-monitor.ts"
import { expectNonceReuse } from "./nonce-monitor-scope.ts"
import { testBytes } from "./test-bytes.ts"

const [key, otherKey, nonce, otherNonce] = [testBytes(1, 16), testBytes(2, 16), testBytes(3, 12), testBytes(4, 12)]
const text = testBytes(5, 10)
const { publicKey } = suite0001.kemKeyPair(testBytes(6, 32))

describe("nonce monitor", () => {
  it("lets a key seal under many nonces and a nonce serve many keys", () => {
    const suite = monitorNonces(suite0001)
    suite.aeadSeal(key, nonce, text, text)
    suite.aeadSeal(key, otherNonce, text, text)
    expect(suite.aeadSeal(otherKey, nonce, text, text)).toEqual(suite0001.aeadSeal(otherKey, nonce, text, text))
    expect(suite.sealedCount).toBe(3)
  })

  it("throws when a key and nonce repeat, even for the same plaintext", () => {
    const suite = monitorNonces(suite0001)
    suite.aeadSeal(key, nonce, text, text)
    const reuse = expect.objectContaining({ code: "nonce_reused" })
    expectNonceReuse("the suite notices after it has sealed", () => {
      expect(() => suite.aeadSeal(key, nonce, text, testBytes(7, 3))).toThrow(reuse)
    })
    expect(() => suite.aeadSeal(key.slice(), nonce.slice(), text, text)).toThrow(reuse)
  })

  it("does not count what a caller's wrong lengths kept from being sealed", () => {
    const suite = monitorNonces(suite0001)
    expect(() => suite.aeadSeal(key, text, text, text)).toThrow(RangeError)
    expect(suite.sealedCount).toBe(0)
  })

  it("throws when an HPKE seed repeats, between sealing and exporting too", () => {
    const suite = monitorNonces(suite0001)
    const reuse = expect.objectContaining({ code: "seed_reused" })
    suite.hpkeSeal(publicKey, text, text, text, testBytes(8, 32))
    suite.hpkeSendExport(publicKey, text, text, 32, testBytes(9, 32))
    expect(() => suite.hpkeSeal(publicKey, text, text, text, testBytes(8, 32))).toThrow(reuse)
    expect(() => suite.hpkeSeal(publicKey, text, text, text, testBytes(9, 32))).toThrow(reuse)
    expect(() => suite.hpkeSendExport(publicKey, text, text, 32, testBytes(8, 32))).toThrow(reuse)
  })

  it("opens as often as one likes", () => {
    const suite = monitorNonces(suite0001)
    const sealed = suite.aeadSeal(key, nonce, text, text)
    expect(suite.aeadOpen(key, nonce, text, sealed)).toEqual(text)
    expect(suite.aeadOpen(key, nonce, text, sealed)).toEqual(text)
  })

  it("throws when it is full instead of forgetting", () => {
    const suite = monitorNonces(suite0001, 1)
    suite.aeadSeal(key, nonce, text, text)
    const full = expect.objectContaining({ code: "monitor_full" })
    expect(() => suite.aeadSeal(key, otherNonce, text, text)).toThrow(full)
    expect(() => suite.aeadSeal(key, nonce, text, text)).toThrow(expect.objectContaining({ code: "nonce_reused" }))
  })
})

import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { postQuantumSuites } from "./post-quantum.ts"

describe("post-quantum suites on Node", () => {
  it.each([
    ["3.5.0", 1],
    ["3.10.2+quic", 1],
    ["4.0.0", 1],
    ["3.4.9", 0],
    ["3.0.13", 0],
    ["1.1.1w", 0],
  ])("over OpenSSL %s are %i", (openssl, count) => {
    expect(postQuantumSuites(openssl)).toHaveLength(count)
  })

  it("are those that this Node can compute with", () => {
    const suites = postQuantumSuites()
    expect(suites).toHaveLength(canMakeMlKemKeys() ? 1 : 0)
    for (const suite of suites) {
      const { publicKey } = suite.kemKeyPair(new Uint8Array(suite.sizes.kemSeedBytes))
      expect(suite.kemPublicKeyIsValid(publicKey)).toBe(true)
    }
  })
})

/** Asks node:crypto itself; types of before ML-KEM do not know the name. */
function canMakeMlKemKeys(): boolean {
  try {
    generateKeyPairSync("ml-kem-768" as "ed25519")
    return true
  } catch {
    return false
  }
}

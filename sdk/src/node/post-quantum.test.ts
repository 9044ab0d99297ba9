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

  it("work where this Node has any", () => {
    for (const suite of postQuantumSuites()) {
      const { publicKey } = suite.kemKeyPair(new Uint8Array(suite.sizes.kemSeedBytes))
      expect(suite.kemPublicKeyIsValid(publicKey)).toBe(true)
    }
  })
})

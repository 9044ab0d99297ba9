import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { deriveSecret } from "./labels.ts"
import { nextPathSecret, nodeKeyPair } from "./path-secrets.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const pathSecret = new Uint8Array(32).fill(7)

describe("a path secret", () => {
  it("leads to the one of the next node upwards (RFC 9420 §7.4)", () => {
    expect(nextPathSecret(suite0001, pathSecret)).toEqual(deriveSecret(suite0001, pathSecret, "path"))
  })

  it("gives its node a key pair, and nothing else stays behind (RFC 9420 §7.4)", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const pair = nodeKeyPair(suite, pathSecret)
    expect(pair).toEqual(suite0001.kemKeyPair(deriveSecret(suite0001, pathSecret, "node")))
    expect(secretsLeft()).toEqual([pair.privateKey])
  })
})

import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { makeGroupContext } from "./group-context.ts"
import {
  epochSecrets,
  exportSecret,
  externalInitSecret,
  externalPublicKey,
  joinerSecret,
  makeExternalInit,
} from "./key-schedule.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const secretOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const context = makeGroupContext({
  cipherSuite: suite0001.id,
  groupId: Uint8Array.of(1),
  epoch: 1n,
  treeHash: secretOf(1),
  confirmedTranscriptHash: secretOf(2),
  extensions: [],
})

describe("the key schedule", () => {
  it("leaves no secret behind but the joiner secret", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const joiner = joinerSecret(suite, secretOf(3), secretOf(4), context)
    expect(secretsLeft()).toEqual([joiner])
  })

  it("leaves no secret behind but those of the epoch, and not the epoch secret itself", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const secrets = epochSecrets(suite, secretOf(3), context)
    expect(secretsLeft()).toEqual(Object.values(secrets))
  })

  it("leaves no secret behind but the exported one", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const exported = exportSecret(suite, secretOf(3), "label", Uint8Array.of(1), 16)
    expect(secretsLeft()).toEqual([exported])
  })

  it("leaves no private key behind a public external key", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    expect(externalPublicKey(suite, secretOf(3))).toEqual(suite0001.kemKeyPair(secretOf(3)).publicKey)
    expect(secretsLeft()).toEqual([])
  })

  it("leaves no private key behind an external init secret, neither with us nor with the suite", () => {
    const { suite, secretsLeft, forgottenCount } = watchSecrets(suite0001)
    const init = makeExternalInit(suite0001, externalPublicKey(suite0001, secretOf(3)), secretOf(5))
    if (init === undefined) throw new Error("the key is not usable")
    expect(externalInitSecret(suite, secretOf(3), init.kemOutput)).toEqual(init.secret)
    expect(secretsLeft()).toEqual([init.secret])
    expect(forgottenCount()).toBe(1)
  })

  it("opens external init secrets with a suite that remembers no keys", () => {
    const suite: CipherSuite = Object.fromEntries(
      Object.entries(suite0001).filter(([name]) => name !== "forgetPrivateKey"),
    ) as never
    const init = makeExternalInit(suite, externalPublicKey(suite, secretOf(3)), secretOf(5))
    expect(externalInitSecret(suite, secretOf(3), init!.kemOutput)).toEqual(init!.secret)
  })
})

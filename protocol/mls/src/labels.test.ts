import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  decryptWithLabel,
  deriveSecret,
  deriveTreeSecret,
  encryptionInfo,
  encryptWithInfo,
  encryptWithLabel,
  expandWithLabel,
  refHash,
  signWithLabel,
  verifyWithLabel,
} from "./labels.ts"
import { countedRandom } from "./testing/counted-random.ts"

const random = countedRandom(suite, "labels")
const NO_DATA = new Uint8Array(0)
const secret = random(32)
/** Long enough that its length takes two bytes. */
const context = random(100)
const vector = (bytes: Uint8Array): Uint8Array => encode((writer) => writer.vector(bytes))
const labelled = (label: string, content: Uint8Array): Uint8Array =>
  concatBytes(vector(toUtf8(`MLS 1.0 ${label}`)), vector(content))

const expanded = (label: string, about: Uint8Array, lengthBytes: number): Uint8Array =>
  suite.expand(secret, concatBytes(Uint8Array.of(0, lengthBytes), labelled(label, about)), lengthBytes)

describe("a secret that is derived under a label", () => {
  it.each([NO_DATA, context])("is expanded from length, label and context (RFC 9420 §8)", (about) => {
    expect(expandWithLabel(suite, secret, "one", about, 40)).toEqual(expanded("one", about, 40))
    // Met a second time, a label is remembered.
    expect(expandWithLabel(suite, secret, "one", about, 40)).toEqual(expanded("one", about, 40))
    expect(expandWithLabel(suite, secret, "another", about, 40)).toEqual(expanded("another", about, 40))
  })

  it("has no context and the length of a hash, unless somebody says so (RFC 9420 §8)", () => {
    expect(deriveSecret(suite, secret, "one")).toEqual(expanded("one", NO_DATA, 32))
  })

  it("has its generation as context in a ratchet (RFC 9420 §9)", () => {
    const expected = expanded("key", Uint8Array.of(0, 1, 2, 3), 16)
    expect(deriveTreeSecret(suite, secret, "key", 0x010203, 16)).toEqual(expected)
  })

  it("is right under more labels than are remembered", () => {
    const labels = Array.from({ length: 100 }, (_, at) => `label ${at}`)
    for (const label of [...labels, ...labels]) {
      expect(expandWithLabel(suite, secret, label, context, 9)).toEqual(expanded(label, context, 9))
    }
  })
})

describe("a signature under a label", () => {
  const { publicKey, privateKey } = suite.signatureKeyPair(random(32))
  const pieces = [context.subarray(0, 10), NO_DATA, context.subarray(10)]

  it.each([
    ["in one piece", context],
    ["in pieces", pieces],
  ])("covers label and content (RFC 9420 §5.1.2): %s", (_, content) => {
    const signature = signWithLabel(suite, privateKey, "label", content)
    expect(suite.verify(publicKey, labelled("label", context), signature)).toBe(true)
    expect(verifyWithLabel(suite, publicKey, "label", content, signature)).toBe(true)
    expect(verifyWithLabel(suite, publicKey, "another", content, signature)).toBe(false)
    expect(verifyWithLabel(suite, publicKey, "label", random(100), signature)).toBe(false)
  })
})

describe("an encryption under a label", () => {
  const { publicKey, privateKey } = suite.kemKeyPair(random(32))
  const plaintext = toUtf8("plaintext")

  it("is bound to label and context (RFC 9420 §5.1.3)", () => {
    const sealed = encryptWithLabel(suite, publicKey, "label", context, plaintext, random(32))!
    expect(suite.hpkeOpen(privateKey, labelled("label", context), NO_DATA, sealed)).toEqual(plaintext)
    const open = (label: string, about: Uint8Array): Uint8Array | undefined =>
      decryptWithLabel(suite, privateKey, label, about, sealed)
    expect(open("label", context)).toEqual(plaintext)
    expect([open("another", context), open("label", NO_DATA)]).toEqual([undefined, undefined])
  })

  it("is the same for each of many, with what is common to all hashed once", () => {
    const sealed = encryptWithInfo(suite, publicKey, encryptionInfo(suite, "label", context), plaintext, random(32))!
    expect(decryptWithLabel(suite, privateKey, "label", context, sealed)).toEqual(plaintext)
  })

  it("is not made to a key that nobody can use", () => {
    expect(encryptWithLabel(suite, new Uint8Array(32), "label", context, plaintext, random(32))).toBeUndefined()
  })
})

describe("a reference", () => {
  it("is the hash of label and value, without the prefix of other labels (RFC 9420 §5.2)", () => {
    expect(refHash(suite, "label", context)).toEqual(suite.hash(concatBytes(vector(toUtf8("label")), vector(context))))
  })
})

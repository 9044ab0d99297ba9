import { describe, expect, it } from "vitest"
import { Keys } from "./keys.ts"
import { newSuite0001 } from "./suites.ts"

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

describe("imported keys", () => {
  it("are imported once while they are kept", () => {
    const keys = new Keys()
    expect(keys.private("Ed25519", key(1))).toBe(keys.private("Ed25519", key(1)))
    expect(keys.public("Ed25519", key(2))).toBe(keys.public("Ed25519", key(2)))
  })

  it("are told apart by algorithm although the bytes are the same", () => {
    const keys = new Keys()
    expect(keys.private("Ed25519", key(1)).key.asymmetricKeyType).toBe("ed25519")
    expect(keys.private("X25519", key(1)).key.asymmetricKeyType).toBe("x25519")
    expect(keys.publicHalf("Ed25519", key(1))).not.toEqual(keys.publicHalf("X25519", key(1)))
  })

  it("stay as many as the limit allows", () => {
    const keys = new Keys({ privateKeys: 3 })
    for (let fill = 0; fill < 10; fill++) keys.private("X25519", key(fill))
    expect(keys.privateKeyCount).toBe(3)
  })

  it("are forgotten on demand, under both algorithms", () => {
    const keys = new Keys()
    keys.private("Ed25519", key(1))
    keys.private("X25519", key(1))
    keys.private("X25519", key(2))
    keys.forgetPrivate(key(1))
    expect(keys.privateKeyCount).toBe(1)
    keys.forgetAll()
    expect(keys.privateKeyCount).toBe(0)
  })

  it("are not kept for asking after their public half", () => {
    const keys = new Keys()
    keys.publicHalf("Ed25519", key(1))
    expect(keys.privateKeyCount).toBe(0)
  })

  it("hand out a public half that may be overwritten", () => {
    const keys = new Keys()
    const publicKey = keys.private("Ed25519", key(1)).publicKey.slice()
    keys.publicHalf("Ed25519", key(1)).fill(0)
    expect(keys.private("Ed25519", key(1)).publicKey).toEqual(publicKey)
  })

  it("do not follow the caller's array when it changes", () => {
    const suite = newSuite0001()
    const { publicKey, privateKey } = suite.signatureKeyPair(key(1))
    const message = key(3)
    expect(suite.verify(publicKey, message, suite.sign(privateKey, message))).toBe(true)
    privateKey.fill(9)
    expect(suite.verify(publicKey, message, suite.sign(privateKey, message))).toBe(false)
  })

  it("leave a suite usable after it has forgotten them", () => {
    const suite = newSuite0001({ privateKeys: 1, publicKeys: 1 })
    const { publicKey, privateKey } = suite.signatureKeyPair(key(1))
    const signature = suite.sign(privateKey, key(2))
    suite.forgetPrivateKey(privateKey)
    expect(suite.sign(privateKey, key(2))).toEqual(signature)
    suite.forgetAllKeys()
    expect(suite.verify(publicKey, key(2), signature)).toBe(true)
  })

  it("need a limit of at least one", () => {
    expect(() => new Keys({ privateKeys: 0 })).toThrow(RangeError)
    expect(() => newSuite0001({ publicKeys: -1 })).toThrow(RangeError)
  })
})

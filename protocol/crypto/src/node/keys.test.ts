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

  it.each(["fastest", "node:crypto"] as const)("do not follow the caller's array when it changes (%s)", (libraries) => {
    const suite = newSuite0001({ libraries })
    const { publicKey, privateKey } = suite.signatureKeyPair(key(1))
    const message = key(3)
    expect(suite.verify(publicKey, message, suite.sign(privateKey, message))).toBe(true)
    privateKey.fill(9)
    expect(suite.verify(publicKey, message, suite.sign(privateKey, message))).toBe(false)
  })

  it.each(["fastest", "node:crypto"] as const)("leave a suite usable after it has forgotten them (%s)", (libraries) => {
    const suite = newSuite0001({ privateKeys: 1, publicKeys: 1, libraries })
    const { publicKey, privateKey } = suite.signatureKeyPair(key(1))
    const signature = suite.sign(privateKey, key(2))
    suite.forgetPrivateKey(privateKey)
    expect(suite.sign(privateKey, key(2))).toEqual(signature)
    suite.forgetAllKeys()
    expect(suite.verify(publicKey, key(2), signature)).toBe(true)
  })

  it("are zeroed when they are forgotten, where they are bytes", () => {
    const keys = new Keys({ privateKeys: 2 })
    const expandedOf = (fill: number): Uint8Array => keys.expanded(key(fill), () => new Uint8Array(64).fill(fill))
    const [first, second, third] = [1, 2, 3].map(expandedOf)
    expect([first, second, third].map((bytes) => bytes?.[0])).toEqual([0, 2, 3])
    expect([keys.privateKeyCount, keys.peekExpanded(key(1)), keys.peekExpanded(key(2))]).toEqual([2, undefined, second])
    keys.forgetPrivate(key(2))
    keys.forgetAll()
    expect([second, third]).toEqual([new Uint8Array(64), new Uint8Array(64)])
  })

  it("are bounded as public halves, too, and forgotten with their private keys", () => {
    const keys = new Keys({ privateKeys: 2 })
    let derivedCount = 0
    const half = (fill: number): void => void keys.lentHalf(key(fill), () => (derivedCount++, key(fill)))
    for (const fill of [1, 1, 2, 3, 1]) half(fill)
    expect(derivedCount).toBe(4)
    keys.forgetPrivate(key(1))
    half(1)
    expect(derivedCount).toBe(5)
  })

  it("need a limit of at least one", () => {
    expect(() => new Keys({ privateKeys: 0 })).toThrow(RangeError)
    expect(() => newSuite0001({ publicKeys: -1 })).toThrow(RangeError)
  })
})

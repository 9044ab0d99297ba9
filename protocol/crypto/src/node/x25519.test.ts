import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Keys } from "./keys.ts"
import { findNoSodium, findSodiumNative } from "./sodium-native.ts"
import type { Agreement } from "../primitives.ts"
import { nodeDhGroup } from "./dh-group.ts"
import { x25519Agree, x25519PublicKey } from "./x25519.ts"

// RFC 7748 §6.1.
const alicePrivate = fromHex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
const alicePublic = fromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
const bobPrivate = fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
const bobPublic = fromHex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

describe("X25519", () => {
  it("derives the public keys of RFC 7748 §6.1", () => {
    expect(x25519PublicKey(alicePrivate)).toEqual(alicePublic)
    expect(x25519PublicKey(bobPrivate)).toEqual(bobPublic)
  })

  it("agrees on the secret of RFC 7748 §6.1, from both sides", () => {
    expect(toHex(x25519Agree(alicePrivate, bobPublic)!)).toBe(shared)
    expect(toHex(x25519Agree(bobPrivate, alicePublic)!)).toBe(shared)
  })

  it("agrees for any two private keys", () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(key, key, (one, other) => {
        const secret = x25519Agree(one, x25519PublicKey(other))
        expect(secret).toEqual(x25519Agree(other, x25519PublicKey(one)))
        expect(secret).toBeDefined()
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ["zero", "00".repeat(32)],
    ["one", `01${"00".repeat(31)}`],
    ["one with the top bit set", `01${"00".repeat(30)}80`],
    ["p + 1", `ee${"ff".repeat(30)}7f`],
  ])("returns nothing for a peer's key that forces the secret: %s", (_, key) => {
    expect(x25519Agree(alicePrivate, fromHex(key))).toBeUndefined()
  })

  it.each([0, 31, 33, 64])("returns nothing for a peer's key of %i bytes", (lengthBytes) => {
    expect(x25519Agree(alicePrivate, new Uint8Array(lengthBytes).fill(9))).toBeUndefined()
  })

  it.each([0, 31, 33])("throws RangeError for a private key of %i bytes", (lengthBytes) => {
    const wrong = new Uint8Array(lengthBytes)
    expect(() => x25519PublicKey(wrong)).toThrow(RangeError)
    expect(() => x25519Agree(wrong, bobPublic)).toThrow(RangeError)
  })

  it("keeps no ephemeral private key, and keeps one that is used again, on node:crypto alone", () => {
    const keys = new Keys()
    nodeDhGroup(keys, "X25519", findNoSodium).agree(alicePrivate, bobPublic, "once")
    expect(keys.privateKeyCount).toBe(0)
    nodeDhGroup(keys, "X25519", findNoSodium).agree(alicePrivate, bobPublic, "again")
    expect(keys.privateKeyCount).toBe(1)
  })

  it("keeps no private key on libsodium, and the public half of one that is used again", () => {
    const keys = new Keys()
    const sodium = findSodiumNative()!
    let derivedCount = 0
    const crypto_scalarmult_base: typeof sodium.crypto_scalarmult_base = (...call) => {
      derivedCount++
      sodium.crypto_scalarmult_base(...call)
    }
    const group = nodeDhGroup(keys, "X25519", () => ({ ...sodium, crypto_scalarmult_base }))
    const agree = (use: "once" | "again"): Agreement | undefined => group.agree(alicePrivate, bobPublic, use)
    const [first, second] = [agree("once"), agree("once")]
    expect(derivedCount).toBe(2)
    expect([agree("again"), agree("again")]).toEqual([first, second])
    expect(derivedCount).toBe(3)
    expect(keys.privateKeyCount).toBe(0)
  })
})

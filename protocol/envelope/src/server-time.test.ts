import { suite0001 } from "@qpc/crypto/node"
import { toGroupId } from "@qpc/wire"
import { firstLogHead, signLogHead } from "./epoch-log.ts"
import { describe, expect, it } from "vitest"
import { signServerTime, TIME_NONCE_BYTES, verifyServerTime } from "./server-time.ts"

const key = suite0001.signatureKeyPair(new Uint8Array(32).fill(7))
const nonce = new Uint8Array(TIME_NONCE_BYTES).fill(1)
const unixMs = 1_800_000_000_000n

const signature = signServerTime(suite0001, key.privateKey, { nonce, unixMs })

const isSigned = (time: { nonce: Uint8Array; unixMs: bigint }, by = key): boolean =>
  verifyServerTime(suite0001, by.publicKey, time, signature)

describe("the time that a server signs", () => {
  it("is believed for the nonce that it was asked with, and for no other time, nonce or key", () => {
    const other = suite0001.signatureKeyPair(new Uint8Array(32).fill(8))
    expect(isSigned({ nonce, unixMs })).toBe(true)
    expect(isSigned({ nonce, unixMs: unixMs + 1n })).toBe(false)
    expect(isSigned({ nonce: new Uint8Array(TIME_NONCE_BYTES).fill(2), unixMs })).toBe(false)
    expect(isSigned({ nonce, unixMs }, other)).toBe(false)
  })

  it("says the bytes that the specification says", () => {
    const label = new TextEncoder().encode("quicprochat server time\0")
    const content = new Uint8Array([...label, ...nonce, 0, 0, 0x01, 0xa3, 0x18, 0x5c, 0x50, 0x00])
    expect(suite0001.verify(key.publicKey, content, signature)).toBe(true)
  })

  it("is no head of a log, and a head is no time", () => {
    const head = signLogHead(suite0001, key.privateKey, firstLogHead(suite0001, toGroupId(nonce.slice(0, 16)), 0n))
    expect(verifyServerTime(suite0001, key.publicKey, { nonce, unixMs }, head.signature)).toBe(false)
  })

  it.each([0, 31, 33])("is not signed for a nonce of %d bytes", (lengthBytes) => {
    const short = new Uint8Array(lengthBytes)
    expect(() => signServerTime(suite0001, key.privateKey, { nonce: short, unixMs })).toThrow(RangeError)
  })
})

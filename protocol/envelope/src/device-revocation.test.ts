import { suite0001 } from "@qpc/crypto/node"
import { toDeviceKey, toHex, toIdentityKey, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { readDeviceRevocation, revokeDevice, verifyDeviceRevocation } from "./device-revocation.ts"

const person = suite0001.signatureKeyPair(new Uint8Array(32).fill(1))
const statement = {
  identityKey: toIdentityKey(person.publicKey),
  deviceKey: toDeviceKey(new Uint8Array(32).fill(2)),
  revokedAtMs: 1_800_000_000_000,
}
const bytes = revokeDevice(suite0001, person.privateKey, statement)

describe("a device revocation", () => {
  it("reads back what its person signed, under a label of its own", () => {
    expect(bytes).toHaveLength(137)
    const revocation = readDeviceRevocation(bytes)!
    expect(revocation).toMatchObject(statement)
    expect(verifyDeviceRevocation(suite0001, revocation)).toBe(true)
    const signed = new Uint8Array([...toUtf8("quicprochat device revocation\0"), ...bytes.subarray(0, 73)])
    expect(toHex(bytes.subarray(73))).toBe(toHex(suite0001.sign(person.privateKey, signed)))
  })

  it("is worth nothing once a bit of it differs", () => {
    let readable = 0
    for (let at = 0; at < bytes.length; at++) {
      const revocation = readDeviceRevocation(bytes.with(at, bytes[at]! ^ 1))
      if (revocation === undefined) continue
      readable += 1
      expect(verifyDeviceRevocation(suite0001, revocation)).toBe(false)
    }
    expect(readable).toBeGreaterThan(120)
  })

  it("has one length, one version, and a time that is one", () => {
    expect(readDeviceRevocation(bytes.subarray(1))).toBeUndefined()
    expect(readDeviceRevocation(bytes.with(0, 2))).toBeUndefined()
    expect(readDeviceRevocation(bytes.with(65, 1))).toBeUndefined()
  })
})

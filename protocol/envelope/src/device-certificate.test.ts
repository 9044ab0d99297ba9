import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto"
import { fromHex, toDeviceKey, toHex, toIdentityKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  certifyDevice,
  DEVICE_CERTIFICATE_BYTES,
  readDeviceCertificate,
  verifyDeviceCertificate,
} from "./device-certificate.ts"
import type { DeviceStatement } from "./device-certificate.ts"
import type { DeviceCrypto } from "./person-statement.ts"

const seedHeader = fromHex("302e020100300506032b657004220420")
const keyHeader = fromHex("302a300506032b6570032100")
const crypto: DeviceCrypto = {
  sign: (seed, message) =>
    new Uint8Array(
      sign(null, message, createPrivateKey({ key: Buffer.concat([seedHeader, seed]), format: "der", type: "pkcs8" })),
    ),
  verify: (key, message, signature) =>
    verify(
      null,
      message,
      createPublicKey({ key: Buffer.concat([keyHeader, key]), format: "der", type: "spki" }),
      signature,
    ),
}
const publicKeyOf = (seed: Uint8Array): Uint8Array => {
  const key = createPrivateKey({ key: Buffer.concat([seedHeader, seed]), format: "der", type: "pkcs8" })
  return new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" })).slice(keyHeader.length)
}

const identitySeed = new Uint8Array(32).fill(1)
const statement: DeviceStatement = {
  identityKey: toIdentityKey(publicKeyOf(identitySeed)),
  deviceKey: toDeviceKey(publicKeyOf(new Uint8Array(32).fill(2))),
  notBeforeMs: 1_800_000_000_000,
  notAfterMs: 1_900_000_000_000,
}
const bytes = certifyDevice(crypto, identitySeed, statement)

describe("a device certificate", () => {
  it("reads back what its person signed", () => {
    expect(bytes).toHaveLength(DEVICE_CERTIFICATE_BYTES)
    const certificate = readDeviceCertificate(bytes)
    expect(certificate).toMatchObject(statement)
    expect(verifyDeviceCertificate(crypto, certificate!)).toBe(true)
  })

  it("signs a message of its own kind: label, version, both keys and both times", () => {
    const signed = [
      Buffer.from("quicprochat device certificate\0"),
      fromHex("01"),
      statement.identityKey,
      statement.deviceKey,
      fromHex("000001a3185c5000"),
      fromHex("000001ba60d33800"),
    ]
    expect(toHex(bytes.slice(-64))).toBe(toHex(crypto.sign(identitySeed, Buffer.concat(signed))))
  })

  it("is worth nothing once a bit of it differs", () => {
    let readable = 0
    for (let at = 0; at < bytes.length; at++) {
      const certificate = readDeviceCertificate(bytes.with(at, bytes[at]! ^ 1))
      if (certificate === undefined) continue
      readable += 1
      expect(verifyDeviceCertificate(crypto, certificate)).toBe(false)
    }
    expect(readable).toBeGreaterThan(120)
  })

  it.each([
    ["is shorter", bytes.subarray(1)],
    ["is longer", new Uint8Array([...bytes, 0])],
    ["has another version", bytes.with(0, 2)],
    ["ends before it begins", new Uint8Array([...bytes.subarray(0, 73), ...new Uint8Array(8), ...bytes.subarray(81)])],
    ["names the identity key as the device's", bytesWithOneKey()],
    ["has a time beyond 2^53", bytes.with(73, 1)],
  ])("is none if it %s", (_, other) => {
    expect(readDeviceCertificate(other)).toBeUndefined()
  })

  it("is not made for the identity key itself, nor for a time that ends before it begins", () => {
    const ofIdentity = { ...statement, deviceKey: toDeviceKey(statement.identityKey) }
    expect(() => certifyDevice(crypto, identitySeed, ofIdentity)).toThrow(RangeError)
    expect(() => certifyDevice(crypto, identitySeed, { ...statement, notAfterMs: 5 })).toThrow(RangeError)
  })
})

function bytesWithOneKey(): Uint8Array {
  const copy = bytes.slice()
  copy.set(statement.identityKey, 33)
  return copy
}

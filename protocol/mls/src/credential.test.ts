import { decodeWhole, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { credentialBytes, credentialsAreEqual, credentialType, readCredential, writeCredential } from "./credential.ts"
import type { Credential } from "./credential.ts"

const credentials: readonly (readonly [Credential, number, readonly number[]])[] = [
  [{ kind: "basic", identity: Uint8Array.of(7, 8) }, 1, [0, 1, 2, 7, 8]],
  [{ kind: "x509", certificates: [Uint8Array.of(7), Uint8Array.of(8)] }, 2, [0, 2, 4, 1, 7, 1, 8]],
  [{ kind: "unknown", type: 3, body: Uint8Array.of(9) }, 3, [0, 3, 1, 9]],
  [{ kind: "unknown", type: 0xf001, body: Uint8Array.of(9) }, 0xf001, [0xf0, 1, 1, 9]],
]
const named = (name: string): Credential => ({ kind: "basic", identity: toUtf8(name) })
const chainOf = (length: number): Uint8Array => {
  const certificates = Array.from({ length }, () => new Uint8Array(0))
  return credentialBytes({ kind: "x509", certificates })
}

describe("a credential", () => {
  it.each(credentials)("is laid out as RFC 9420 §5.3 says, and read back: case %#", (credential, type, bytes) => {
    const encoded = Uint8Array.from(bytes)
    expect(encode((writer) => writeCredential(writer, credential))).toEqual(encoded)
    expect(credentialBytes(credential)).toEqual(encoded)
    expect(decodeWhole(encoded, readCredential)).toEqual(credential)
    expect(credentialType(credential)).toBe(type)
  })

  it("has no type 0", () => {
    const refused = expect.objectContaining({ code: "reserved_value", offset: 0 })
    expect(() => decodeWhole(Uint8Array.of(0, 0, 0), readCredential)).toThrow(refused)
  })

  it("has up to 32 certificates", () => {
    expect(decodeWhole(chainOf(32), readCredential)).toMatchObject({ kind: "x509" })
    const refused = expect.objectContaining({ code: "too_large", offset: 0 })
    expect(() => decodeWhole(chainOf(33), readCredential)).toThrow(refused)
  })

  it.each([1, 2])("is not written as an unknown one of the known type %d, which would read back as another", (type) => {
    const credential = { kind: "unknown", type, body: new Uint8Array(0) } as const
    expect(() => credentialBytes(credential)).toThrow(new RangeError(`credential type ${type} is known`))
  })

  it("equals what is the same, byte by byte", () => {
    const unknown: Credential = { kind: "unknown", type: 3, body: toUtf8("alice") }
    const others = [named("alice"), named("alicf"), named("alice "), unknown]
    expect(others.map((other) => credentialsAreEqual(named("alice"), other))).toEqual([true, false, false, false])
  })
})

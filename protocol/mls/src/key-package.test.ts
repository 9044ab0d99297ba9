import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  decodeKeyPackage,
  keyPackageRef,
  keyPackageSignatureIsValid,
  signKeyPackage,
  writeKeyPackage,
} from "./key-package.ts"
import { MLS_10 } from "./protocol-version.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"

const random = countedRandom(suite, "key packages")
const { leafNode, signatureKeys } = testMember(suite, random)
const content = {
  initKey: suite.kemKeyPair(random(32)).publicKey,
  leafNode,
  extensions: [{ extensionType: 0xf001, extensionData: toUtf8("data") }],
}
const keyPackage = signKeyPackage(suite, signatureKeys.privateKey, content)

describe("a key package", () => {
  it("is read back as it was signed", () => {
    const { signature, encoded, signed, ...said } = decodeKeyPackage(keyPackage.encoded)
    expect(said).toEqual({ ...content, version: MLS_10, cipherSuite: suite.id })
    expect(
      concatBytes(
        signed,
        encode((writer) => writer.vector(signature)),
      ),
    ).toEqual(encoded)
    expect(encoded).toEqual(keyPackage.encoded)
    expect(encode((writer) => writeKeyPackage(writer, keyPackage))).toEqual(encoded)
  })

  it("is signed as a whole by the key in its leaf", () => {
    const { signed, signature } = keyPackage
    const other = testMember(suite, random).leafNode
    expect(keyPackageSignatureIsValid(suite, keyPackage)).toBe(true)
    expect(keyPackageSignatureIsValid(suite, { ...keyPackage, leafNode: other })).toBe(false)
    for (let at = 0; at < signed.length; at++) {
      const changed = signed.with(at, signed[at]! ^ 1)
      expect(keyPackageSignatureIsValid(suite, { ...keyPackage, signed: changed })).toBe(false)
    }
    const broken = signature.with(0, signature[0]! ^ 1)
    expect(keyPackageSignatureIsValid(suite, { ...keyPackage, signature: broken })).toBe(false)
  })

  it("is named by the hash of all its bytes (RFC 9420 §5.2)", () => {
    const named = encode((writer) => {
      writer.vector(toUtf8("MLS 1.0 KeyPackage Reference")).vector(keyPackage.encoded)
    })
    expect(keyPackageRef(suite, keyPackage)).toEqual(suite.hash(named))
  })
})

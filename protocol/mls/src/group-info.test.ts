import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { makeGroupContext } from "./group-context.ts"
import { decodeGroupInfo, signGroupInfo, verifyGroupInfo } from "./group-info.ts"
import { countedRandom } from "./testing/counted-random.ts"

const random = countedRandom(suite, "group infos")
const signer = suite.signatureKeyPair(random(32))
const content = {
  groupContext: makeGroupContext({
    cipherSuite: suite.id,
    groupId: toUtf8("group"),
    epoch: 5n,
    treeHash: random(32),
    confirmedTranscriptHash: random(32),
    extensions: [],
  }),
  extensions: [{ extensionType: 0xf001, extensionData: toUtf8("data") }],
  confirmationTag: random(32),
  signer: 3,
}
const groupInfo = signGroupInfo(suite, signer.privateKey, content)

describe("a GroupInfo", () => {
  it("is read back as it was signed", () => {
    const { signature, encoded, signed, ...said } = decodeGroupInfo(groupInfo.encoded)
    expect(said).toEqual(content)
    expect(
      concatBytes(
        signed,
        encode((writer) => writer.vector(signature)),
      ),
    ).toEqual(encoded)
    expect(encoded).toEqual(groupInfo.encoded)
  })

  it("is believed only with the signature of whoever signed, over all of it", () => {
    const verify = (changes: object, publicKey = signer.publicKey): unknown => {
      return verifyGroupInfo(suite, publicKey, { ...groupInfo, ...changes })
    }
    const { signed, signature } = groupInfo
    expect(verifyGroupInfo(suite, signer.publicKey, groupInfo)).toBe(groupInfo)
    expect(verify({}, suite.signatureKeyPair(random(32)).publicKey)).toBeUndefined()
    expect(verify({ signature: signature.with(0, signature[0]! ^ 1) })).toBeUndefined()
    for (let at = 0; at < signed.length; at++) {
      expect(verify({ signed: signed.with(at, signed[at]! ^ 1) })).toBeUndefined()
    }
  })
})

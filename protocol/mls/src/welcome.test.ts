import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { decodeWhole, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { expandWithLabel } from "./labels.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import {
  decodeGroupSecrets,
  encodeGroupSecrets,
  groupSecretsInfo,
  openGroupInfo,
  openGroupSecrets,
  readWelcome,
  sealGroupInfo,
  sealGroupSecrets,
  writeWelcome,
} from "./welcome.ts"
import type { GroupSecrets, Welcome } from "./welcome.ts"

const NO_DATA = new Uint8Array(0)
const random = countedRandom(suite0001, "welcomes")
const newcomer = suite0001.kemKeyPair(random(32))
const groupInfo = toUtf8("what everybody may know who is welcome")

function groupSecrets(): GroupSecrets {
  return {
    joinerSecret: random(32),
    pathSecret: random(32),
    psks: [{ kind: "external", pskId: toUtf8("id"), pskNonce: random(32) }],
  }
}

/** A Welcome for one newcomer, and what it says. */
function welcomed(suite: CipherSuite = suite0001): { readonly welcome: Welcome; readonly secrets: GroupSecrets } {
  const encryptedGroupInfo = random(64)
  const secrets = groupSecrets()
  const info = groupSecretsInfo(suite, encryptedGroupInfo)
  const encryptedGroupSecrets = sealGroupSecrets(suite, newcomer.publicKey, info, secrets, random(32))!
  const welcome = {
    cipherSuite: suite.id,
    secrets: [{ newMember: random(32), encryptedGroupSecrets }],
    encryptedGroupInfo,
  }
  return { welcome, secrets }
}

describe("a Welcome", () => {
  it("is read back as it was written", () => {
    const { welcome } = welcomed()
    const two = { ...welcome, secrets: [...welcome.secrets, ...welcomed().welcome.secrets] }
    expect(
      decodeWhole(
        encode((writer) => writeWelcome(writer, two)),
        readWelcome,
      ),
    ).toEqual(two)
  })

  it.each([
    ["all there is", groupSecrets()],
    ["no path secret and no PSK", { ...groupSecrets(), pathSecret: undefined, psks: [] }],
  ])("brings secrets that are read back as they were written: %s", (_, secrets) => {
    expect(decodeGroupSecrets(encodeGroupSecrets(secrets))).toEqual(secrets)
  })
})

describe("a newcomer's secrets", () => {
  it("are opened with its init key, beside the group info that they were sealed for", () => {
    const { welcome, secrets } = welcomed()
    const [sealed] = welcome.secrets
    const open = (changes: Partial<Welcome>, privateKey = newcomer.privateKey): Uint8Array | undefined => {
      return openGroupSecrets(suite0001, privateKey, { ...welcome, ...changes }, sealed!)
    }
    expect(open({})).toEqual(encodeGroupSecrets(secrets))
    expect(open({ encryptedGroupInfo: random(64) })).toBeUndefined()
    expect(open({}, suite0001.kemKeyPair(random(32)).privateKey)).toBeUndefined()
  })

  it("are not sealed to a key that nobody can use", () => {
    const info = groupSecretsInfo(suite0001, groupInfo)
    expect(sealGroupSecrets(suite0001, new Uint8Array(32), info, groupSecrets(), random(32))).toBeUndefined()
  })

  it("are zeroed once they are sealed", () => {
    const sealed: Uint8Array[] = []
    const watched: CipherSuite = {
      ...suite0001,
      hpkeSeal(publicKey, info, aad, plaintext, seed) {
        sealed.push(plaintext)
        return suite0001.hpkeSeal(publicKey, info, aad, plaintext, seed)
      },
    }
    const { secrets } = welcomed(watched)
    expect(sealed).toEqual([new Uint8Array(encodeGroupSecrets(secrets).length)])
  })
})

describe("an encrypted group info", () => {
  it("is sealed under the key and nonce of the welcome secret (RFC 9420 §12.4.3.1), which are zeroed again", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const welcomeSecret = random(32)
    const sealed = sealGroupInfo(suite, welcomeSecret, groupInfo)
    expect(secretsLeft()).toEqual([])
    const { aeadKeyBytes, aeadNonceBytes } = suite0001.sizes
    const key = expandWithLabel(suite0001, welcomeSecret, "key", NO_DATA, aeadKeyBytes)
    const nonce = expandWithLabel(suite0001, welcomeSecret, "nonce", NO_DATA, aeadNonceBytes)
    expect(suite0001.aeadOpen(key, nonce, NO_DATA, sealed)).toEqual(groupInfo)
  })

  it("is opened with the welcome secret alone, of which only the content stays behind", () => {
    const welcomeSecret = random(32)
    const sealed = sealGroupInfo(suite0001, welcomeSecret, groupInfo)
    const { suite, secretsLeft } = watchSecrets(suite0001)
    expect(openGroupInfo(suite, random(32), sealed)).toBeUndefined()
    expect(secretsLeft()).toEqual([])
    expect(openGroupInfo(suite, welcomeSecret, sealed)).toEqual(groupInfo)
    expect(secretsLeft()).toEqual([groupInfo])
  })
})

import type { CipherSuite } from "@qpc/crypto"
import { equalBytes, fromHex, toHex } from "@qpc/wire"
import { decodeGroupInfo, verifyGroupInfo } from "../group-info.ts"
import { keyPackageRef } from "../key-package.ts"
import { confirmationTag, epochSecrets, memberSecret, welcomeSecret } from "../key-schedule.ts"
import { decodeMlsMessage } from "../mls-message.ts"
import { pskSecret } from "../psk.ts"
import { decodeGroupSecrets, openGroupInfo, openGroupSecrets } from "../welcome.ts"
import { expectHex, expectTrue } from "./expect.ts"

/** A case of welcome.json. */
export interface WelcomeCase {
  readonly cipher_suite: number
  readonly init_priv: string
  readonly signer_pub: string
  readonly key_package: string
  readonly welcome: string
}

/** RFC 9420 §12.4.3.1: the parts of a Welcome. */
export function checkWelcome(vector: WelcomeCase, suite: CipherSuite): void {
  const keyPackage = decodeMlsMessage(fromHex(vector.key_package))
  const message = decodeMlsMessage(fromHex(vector.welcome))
  if (keyPackage.kind !== "key_package" || message.kind !== "welcome")
    throw new Error("not a key package and a Welcome")
  const welcome = message.message
  const ref = keyPackageRef(suite, keyPackage.message)
  const sealed = welcome.secrets.find(({ newMember }) => equalBytes(newMember, ref))
  if (sealed === undefined) throw new Error("the Welcome is not for the key package")
  const opened = openGroupSecrets(suite, fromHex(vector.init_priv), welcome, sealed)
  if (opened === undefined) throw new Error("the group secrets do not open")
  const { joinerSecret, psks } = decodeGroupSecrets(opened)
  expectTrue("there are no PSKs", psks.length === 0)

  const member = memberSecret(suite, joinerSecret, pskSecret(suite, []))
  const encoded = openGroupInfo(suite, welcomeSecret(suite, member), welcome.encryptedGroupInfo)
  if (encoded === undefined) throw new Error("the group info does not open")
  const info = decodeGroupInfo(encoded)
  const verified = verifyGroupInfo(suite, fromHex(vector.signer_pub), info)
  expectTrue("the group info's signature is valid", verified !== undefined)
  const secrets = epochSecrets(suite, member, info.groupContext)
  const tag = confirmationTag(suite, secrets, info.groupContext.confirmedTranscriptHash)
  expectHex("confirmation tag", info.confirmationTag, toHex(tag))
}

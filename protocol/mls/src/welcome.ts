import type { CipherSuite, HpkeInfo, HpkeSealed } from "@qpc/crypto"
import { decodeWhole, encode, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readHpkeCiphertext, writeHpkeCiphertext } from "./hpke-ciphertext.ts"
import { decryptWithLabel, encryptionInfo, encryptWithInfo, expandWithLabel } from "./labels.ts"
import { readPreSharedKeyId, writePreSharedKeyId } from "./psk-id.ts"
import type { PreSharedKeyId } from "./psk-id.ts"

/** The way into a group for those whom a commit added (RFC 9420 §12.4.3.1). */
export interface Welcome {
  readonly cipherSuite: number
  readonly secrets: readonly EncryptedGroupSecrets[]
  readonly encryptedGroupInfo: Uint8Array
}

/** One newcomer's secrets, sealed to the init key of its key package (RFC 9420 §12.4.3.1). */
export interface EncryptedGroupSecrets {
  /** KeyPackageRef of the key package that was added. */
  readonly newMember: Uint8Array
  readonly encryptedGroupSecrets: HpkeSealed
}

/** What a newcomer needs to compute the epoch (RFC 9420 §12.4.3.1). */
export interface GroupSecrets {
  readonly joinerSecret: Uint8Array
  readonly pathSecret: Uint8Array | undefined
  readonly psks: readonly PreSharedKeyId[]
}

const EMPTY = new Uint8Array(0)

/** Reads a Welcome (RFC 9420 §12.4.3.1). Returns views. @throws DecodeError */
export function readWelcome(reader: Reader): Welcome {
  return {
    cipherSuite: reader.uint16(),
    secrets: readList(reader, (inner) => ({
      newMember: inner.vector(),
      encryptedGroupSecrets: readHpkeCiphertext(inner),
    })),
    encryptedGroupInfo: reader.vector(),
  }
}

/** Writes a Welcome (RFC 9420 §12.4.3.1). */
export function writeWelcome(writer: Writer, welcome: Welcome): void {
  writer.uint16(welcome.cipherSuite)
  writer.list(welcome.secrets, (inner, { newMember, encryptedGroupSecrets }) => {
    inner.vector(newMember)
    writeHpkeCiphertext(inner, encryptedGroupSecrets)
  })
  writer.vector(welcome.encryptedGroupInfo)
}

/** Reads GroupSecrets that fill `bytes` (RFC 9420 §12.4.3.1). Returns views. @throws DecodeError */
export function decodeGroupSecrets(bytes: Uint8Array): GroupSecrets {
  return decodeWhole(bytes, (reader) => ({
    joinerSecret: reader.vector(),
    pathSecret: readOptional(reader, (inner) => inner.vector()),
    psks: readList(reader, readPreSharedKeyId),
  }))
}

/** The bytes of GroupSecrets (RFC 9420 §12.4.3.1). They are secret: the caller's to zero. */
export function encodeGroupSecrets(secrets: GroupSecrets): Uint8Array {
  return encode((writer) => {
    writer.vector(secrets.joinerSecret)
    writer.optional(secrets.pathSecret, (inner, pathSecret) => inner.vector(pathSecret))
    writer.list(secrets.psks, writePreSharedKeyId)
  })
}

/**
 * What binds the secrets of all newcomers to the group info, so that no other can be put beside them (RFC 9420 §12.4.3.1).
 */
export function groupSecretsInfo(suite: CipherSuite, encryptedGroupInfo: Uint8Array): HpkeInfo {
  return encryptionInfo(suite, "Welcome", encryptedGroupInfo)
}

/**
 * Seals one newcomer's secrets (RFC 9420 §12.4.3.1).
 *
 * @param info - See {@link groupSecretsInfo}.
 * @param seed - `kemSeedBytes` of fresh entropy.
 * @returns `undefined` if the init key is not usable
 */
export function sealGroupSecrets(
  suite: CipherSuite,
  initKey: Uint8Array,
  info: HpkeInfo,
  secrets: GroupSecrets,
  seed: Uint8Array,
): HpkeSealed | undefined {
  const plaintext = encodeGroupSecrets(secrets)
  const sealed = encryptWithInfo(suite, initKey, info, plaintext, seed)
  plaintext.fill(0)
  return sealed
}

/** Opens one newcomer's secrets (RFC 9420 §12.4.3.1). The result is the caller's to zero. */
export function openGroupSecrets(
  suite: CipherSuite,
  initPrivateKey: Uint8Array,
  welcome: Welcome,
  secrets: EncryptedGroupSecrets,
): Uint8Array | undefined {
  return decryptWithLabel(suite, initPrivateKey, "Welcome", welcome.encryptedGroupInfo, secrets.encryptedGroupSecrets)
}

/** Seals the group info for all newcomers at once (RFC 9420 §12.4.3.1). The welcome secret is used nowhere else. */
export function sealGroupInfo(suite: CipherSuite, welcomeSecret: Uint8Array, groupInfo: Uint8Array): Uint8Array {
  const { key, nonce } = groupInfoKeys(suite, welcomeSecret)
  const sealed = suite.aeadSeal(key, nonce, EMPTY, groupInfo)
  for (const used of [key, nonce]) used.fill(0)
  return sealed
}

/** Opens the group info (RFC 9420 §12.4.3.1). */
export function openGroupInfo(
  suite: CipherSuite,
  welcomeSecret: Uint8Array,
  encryptedGroupInfo: Uint8Array,
): Uint8Array | undefined {
  const { key, nonce } = groupInfoKeys(suite, welcomeSecret)
  const groupInfo = suite.aeadOpen(key, nonce, EMPTY, encryptedGroupInfo)
  for (const used of [key, nonce]) used.fill(0)
  return groupInfo
}

function groupInfoKeys(suite: CipherSuite, welcomeSecret: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  return {
    key: expandWithLabel(suite, welcomeSecret, "key", EMPTY, suite.sizes.aeadKeyBytes),
    nonce: expandWithLabel(suite, welcomeSecret, "nonce", EMPTY, suite.sizes.aeadNonceBytes),
  }
}

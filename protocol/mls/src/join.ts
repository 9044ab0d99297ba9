import type { CipherSuite } from "@qpc/crypto"
import { constantTimeEqual, DecodeError, equalBytes } from "@qpc/wire"
import { believeGroupInfo } from "./believe-group-info.ts"
import type { BelievedGroup, BelieveOptions, GroupInfoReason } from "./believe-group-info.ts"
import { withSecretTree } from "./epoch.ts"
import type { Epoch } from "./epoch.ts"
import { ownedGroupContext } from "./group-context.ts"
import { decodeGroupInfo } from "./group-info.ts"
import type { KeyPackageBundle, PrivateKeys } from "./key-package-bundle.ts"
import { confirmationTag, epochSecrets, memberSecret, welcomeSecret, zeroSecrets } from "./key-schedule.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { keysOfJoiner } from "./open-path.ts"
import type { PathSecretReason } from "./open-path.ts"
import { checkDescent, pskOfParent } from "./parent-group.ts"
import type { Descent, DescentReason, ParentGroup } from "./parent-group.ts"
import { pskIdKey, pskSecret } from "./psk.ts"
import type { PreSharedKey, PskLookup } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import { interimTranscriptHash } from "./transcript-hash.ts"
import type { ValidRatchetTree } from "./validate-tree.ts"
import { decodeGroupSecrets, openGroupInfo, openGroupSecrets } from "./welcome.ts"
import type { EncryptedGroupSecrets, GroupSecrets, Welcome } from "./welcome.ts"

/** Why a Welcome is of no use (RFC 9420 §12.4.3.1). */
export type WelcomeReason =
  | GroupInfoReason
  | DescentReason
  | PathSecretReason
  | "malformed"
  | "not_a_welcome"
  | "welcome_cipher_suite"
  /** It was made for none of our key packages, or for one that was used up. */
  | "no_matching_key_package"
  | "group_secrets_not_decrypted"
  /** A PSK that we do not have. */
  | "psk_missing"
  /** RFC 9420 §8.4: a nonce of a wrong length, or the same PSK twice, or more than any commit may hold. */
  | "psk_invalid"
  | "group_info_not_decrypted"
  /** Our key package's leaf is not in the tree. */
  | "own_leaf_missing"
  | "bad_confirmation_tag"

/** What a newcomer brings along. */
export interface WelcomeOptions extends BelieveOptions {
  /** MLSMessage. */
  readonly welcome: Uint8Array
  /** Our key packages; the Welcome names the one it was made for. Borrowed. */
  readonly bundles: readonly KeyPackageBundle[]
  readonly psks: PskLookup | undefined
  /** The group that this one has to descend from. */
  readonly parent: ParentGroup | undefined
}

/** The epoch that a newcomer joins in. */
export interface JoinedEpoch {
  readonly epoch: Epoch
  readonly bundle: KeyPackageBundle
  /** Leaf index of the member who sent the Welcome. */
  readonly signer: number
}

/** Opens a Welcome (RFC 9420 §12.4.3.1). Total for foreign bytes. */
export function joinEpoch(options: WelcomeOptions): JoinedEpoch | WelcomeReason {
  try {
    return openWelcome(options)
  } catch (error) {
    if (error instanceof DecodeError) return "malformed"
    throw error
  }
}

function openWelcome(options: WelcomeOptions): JoinedEpoch | WelcomeReason {
  const { suite, bundles } = options
  const message = decodeMlsMessage(options.welcome)
  if (message.kind !== "welcome") return "not_a_welcome"
  const welcome = message.message
  if (welcome.cipherSuite !== suite.id) return "welcome_cipher_suite"
  const addressee = findAddressee(welcome, bundles)
  if (addressee === undefined) return "no_matching_key_package"
  const opened = openGroupSecrets(suite, addressee.privateKeys.initPrivateKey, welcome, addressee.sealed)
  if (opened === undefined) return "group_secrets_not_decrypted"
  try {
    return enterGroup(options, welcome, decodeGroupSecrets(opened), addressee)
  } finally {
    opened.fill(0)
  }
}

/** Our key package for which a Welcome was made, with what is sealed to it. */
interface Addressee {
  readonly bundle: KeyPackageBundle
  readonly privateKeys: PrivateKeys
  readonly sealed: EncryptedGroupSecrets
}

function findAddressee(welcome: Welcome, bundles: readonly KeyPackageBundle[]): Addressee | undefined {
  for (const bundle of bundles) {
    const { privateKeys, decoded } = bundle
    // References are public: whoever makes a Welcome can name a key package of another suite.
    if (privateKeys === undefined || decoded.cipherSuite !== welcome.cipherSuite) continue
    const sealed = welcome.secrets.find(({ newMember }) => equalBytes(newMember, bundle.ref))
    if (sealed !== undefined) return { bundle, privateKeys, sealed }
  }
  return undefined
}

function enterGroup(
  options: WelcomeOptions,
  welcome: Welcome,
  secrets: GroupSecrets,
  addressee: Addressee,
): JoinedEpoch | WelcomeReason {
  const { suite, parent } = options
  const bond = pskOfParent(secrets.psks, parent)
  if (typeof bond === "string") return bond
  const psks = findWelcomePsks(options, secrets.psks, bond)
  if (typeof psks === "string") return psks
  const psk = pskSecret(suite, psks)
  const member = memberSecret(suite, secrets.joinerSecret, psk)
  psk.fill(0)
  try {
    const welcomeKey = welcomeSecret(suite, member)
    const encodedInfo = openGroupInfo(suite, welcomeKey, welcome.encryptedGroupInfo)
    welcomeKey.fill(0)
    if (encodedInfo === undefined) return "group_info_not_decrypted"
    const group = believeWelcome(options, encodedInfo, bond?.usage)
    if (typeof group === "string") return group
    const epoch = buildEpoch(suite, group, secrets, member, addressee)
    if (typeof epoch === "string") return epoch
    return { epoch, bundle: addressee.bundle, signer: group.info.signer }
  } finally {
    // A GroupInfo that does not decode ends here too.
    member.fill(0)
  }
}

function believeWelcome(
  options: WelcomeOptions,
  encodedInfo: Uint8Array,
  usage: Descent | undefined,
): BelievedGroup | GroupInfoReason | DescentReason {
  const { parent } = options
  const group = believeGroupInfo(options, decodeGroupInfo(encodedInfo))
  if (typeof group === "string" || parent === undefined || usage === undefined) return group
  return checkDescent(parent, usage, group.info.groupContext, group.tree) ?? group
}

function findWelcomePsks(
  { suite, psks: lookup, limits }: WelcomeOptions,
  ids: readonly PreSharedKeyId[],
  bond: PreSharedKey | undefined,
): PreSharedKey[] | WelcomeReason {
  if (ids.length > limits.committedProposals) return "psk_invalid"
  const isUnique = new Set(ids.map(pskIdKey)).size === ids.length
  if (!isUnique || ids.some((id) => id.pskNonce.length !== suite.sizes.hashBytes)) return "psk_invalid"
  const found: PreSharedKey[] = []
  for (const id of ids) {
    const secret = id === bond?.id ? bond.secret : lookup?.(id)
    if (secret === undefined) return "psk_missing"
    found.push({ id, secret })
  }
  return found
}

function buildEpoch(
  suite: CipherSuite,
  { info, tree }: BelievedGroup,
  groupSecrets: GroupSecrets,
  member: Uint8Array,
  { bundle, privateKeys }: Addressee,
): Epoch | WelcomeReason {
  const leafIndex = findLeaf(tree, bundle)
  if (leafIndex === undefined) return "own_leaf_missing"
  if (leafIndex === info.signer) return "unknown_signer"
  const leafPrivateKey = privateKeys.encryptionPrivateKey.slice()
  const { pathSecret } = groupSecrets
  const joined = keysOfJoiner({ tree, leafIndex, leafPrivateKey, signerLeafIndex: info.signer, pathSecret })
  if (joined.kind === "rejected") return joined.reason

  const context = ownedGroupContext(info.groupContext)
  const secrets = epochSecrets(suite, member, context)
  const tag = confirmationTag(suite, secrets, context.confirmedTranscriptHash)
  if (!constantTimeEqual(tag, info.confirmationTag)) {
    zeroSecrets(secrets)
    joined.keys[Symbol.dispose]()
    return "bad_confirmation_tag"
  }
  return {
    context,
    tree,
    keys: joined.keys,
    ...withSecretTree(suite, secrets, tree),
    confirmationTag: tag,
    interimTranscriptHash: interimTranscriptHash(suite, context.confirmedTranscriptHash, tag),
  }
}

function findLeaf(tree: ValidRatchetTree, bundle: KeyPackageBundle): number | undefined {
  const { encoded } = bundle.decoded.leafNode
  for (const { leafIndex, value } of tree.leaves()) if (equalBytes(value.encoded, encoded)) return leafIndex
  return undefined
}

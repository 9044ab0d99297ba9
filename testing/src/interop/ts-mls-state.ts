import {
  bytesToBase64,
  ciphersuites,
  createProposal,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultCapabilities,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  makePskIndex,
  processPrivateMessage,
  processPublicMessage,
} from "ts-mls"
import type {
  CiphersuiteImpl,
  CiphersuiteName,
  ClientConfig,
  ClientState,
  Extension,
  KeyPackage,
  LeafNode,
  MLSMessage,
  PrivateKeyPackage,
  Proposal,
  RatchetTree,
} from "ts-mls"
import { defaultExtensionTypes } from "ts-mls/defaultExtensionType.js"
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { equalBytes, toHex } from "@qpc/wire"
import { UnsupportedError } from "./calls.ts"
import type { ExtensionMessage } from "./calls.ts"
import { IdTable } from "./id-table.ts"

/** External PSKs by the base64 of their id. */
type Psks = Record<string, Uint8Array>

/** A member of a group. ts-mls has states that replace each other. */
export interface TsState {
  state: ClientState
  readonly suite: CiphersuiteImpl
  readonly identity: Uint8Array
  readonly psks: Psks
  readonly isPublic: boolean
  /** Proposals of our own: ts-mls cannot read them when they come back. */
  readonly own: Set<string>
  pending: ClientState | undefined
}

/** Somebody with a key package. */
export interface TsTransaction {
  readonly suite: CiphersuiteImpl
  readonly identity: Uint8Array
  readonly publicPackage: KeyPackage
  readonly privatePackage: PrivateKeyPackage
  readonly psks: Psks
}

/** A member of a group that a ReInit has ended. */
interface TsReInit {
  readonly old: TsState
  readonly newcomer: TsTransaction
}

/** What one server remembers. */
export type TsMemory = IdTable<{
  readonly state: TsState
  readonly transaction: TsTransaction
  readonly reinit: TsReInit
}>

const LIFETIME_SECONDS = 28n * 86_400n

export const NO_BYTES: Uint8Array = new Uint8Array(0)

const RESYNC_FINDS_ITSELF_BY_IDENTITY: ClientConfig["keyPackageEqualityConfig"] = {
  compareKeyPackages: (a, b) => equalBytes(identityOf(a.leafNode), identityOf(b.leafNode)),
  compareKeyPackageToLeafNode: (a, b) => equalBytes(identityOf(a.leafNode), identityOf(b)),
}

/** As lenient as ours in the harness. */
export const TS_CONFIG: ClientConfig = {
  keyRetentionConfig: { ...defaultKeyRetentionConfig, retainKeysForGenerations: 100, retainKeysForEpochs: 16 },
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: RESYNC_FINDS_ITSELF_BY_IDENTITY,
  paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
  authService: defaultAuthenticationService,
}

/** A memory with nothing in it. */
export function newTsMemory(): TsMemory {
  return new IdTable()
}

/** All suites of RFC 9420 that ts-mls has here: most need optional packages. */
export async function loadTsSuites(): Promise<ReadonlyMap<number, CiphersuiteImpl>> {
  const loaded = new Map<number, CiphersuiteImpl>()
  for (const [name, id] of Object.entries(ciphersuites)) {
    if (id > 7) continue
    try {
      loaded.set(id, await getCiphersuiteImpl(getCiphersuiteFromName(name as CiphersuiteName)))
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("Optional dependency")) throw error
    }
  }
  return loaded
}

/** Makes a key package. */
export async function newTsTransaction(suite: CiphersuiteImpl, identity: Uint8Array): Promise<TsTransaction> {
  const credential = { credentialType: "basic", identity } as const
  // Its default lifetime never ends, which ours refuses.
  const nowSeconds = BigInt(Math.floor(Date.now() / 1000))
  const lifetime = { notBefore: nowSeconds - 3600n, notAfter: nowSeconds + LIFETIME_SECONDS }
  const made = await generateKeyPackage(credential, defaultCapabilities(), lifetime, [], suite)
  return { suite, identity, psks: {}, ...made }
}

/** @throws RangeError if the bytes are not an MLSMessage of this kind */
export function decodeAs<Kind extends MLSMessage["wireformat"]>(
  kind: Kind,
  bytes: Uint8Array,
): Extract<MLSMessage, { readonly wireformat: Kind }> {
  const message = decodeMlsMessage(bytes, 0)?.[0]
  if (message?.wireformat !== kind) throw new RangeError(`not a ${kind}`)
  return message as Extract<MLSMessage, { readonly wireformat: Kind }>
}

/** Absent where the bytes are empty. */
export function treeOf(bytes: Uint8Array): RatchetTree | undefined {
  return bytes.length === 0 ? undefined : decodeRatchetTree(bytes, 0)?.[0]
}

export function treeBytes({ ratchetTree }: ClientState): Uint8Array {
  return encodeRatchetTree(ratchetTree)
}

/** ts-mls names the types that it knows. */
export function tsExtensions(extensions: readonly ExtensionMessage[]): Extension[] {
  const names = new Map(Object.entries(defaultExtensionTypes).map(([name, type]) => [type as number, name]))
  return extensions.map(({ extensionType, extensionData }) => {
    const name = names.get(extensionType) as Extension["extensionType"] | undefined
    return { extensionType: name ?? extensionType, extensionData }
  })
}

/** Leaf index of the member with this identity. @throws RangeError */
export function tsLeafOf({ ratchetTree }: ClientState, identity: Uint8Array): number {
  const at = ratchetTree.findIndex((node) => node?.nodeType === "leaf" && equalBytes(identityOf(node.leaf), identity))
  if (at < 0) throw new RangeError("no such member")
  return at / 2
}

/** Sends a proposal. */
export async function tsPropose(member: TsState, proposal: Proposal): Promise<{ readonly proposal: Uint8Array }> {
  const { newState, message } = await createProposal(member.state, member.isPublic, proposal, member.suite)
  member.state = newState
  const bytes = encodeMlsMessage(message)
  member.own.add(toHex(bytes))
  return { proposal: bytes }
}

/** Takes in what others sent; returns the text of an application message. */
export async function tsReceive(member: TsState, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (member.own.has(toHex(bytes))) return undefined
  const { state, suite, psks } = member
  const index = makePskIndex(state, psks)
  const message = decodeMlsMessage(bytes, 0)?.[0]
  if (message?.wireformat === "mls_private_message") {
    const result = await processPrivateMessage(state, message.privateMessage, index, suite)
    member.state = result.newState
    return result.kind === "applicationMessage" ? result.message : undefined
  }
  if (message?.wireformat !== "mls_public_message") throw new RangeError("not a message of a group")
  member.state = (await processPublicMessage(state, message.publicMessage, index, suite)).newState
  return undefined
}

/** What ts-mls can be asked for only by changes that need it. */
export function assertPathComesByItself(forcePath: boolean, proposals: readonly Proposal[]): void {
  const needsPath = proposals.some(({ proposalType }) => proposalType === "update" || proposalType === "remove")
  if (forcePath && proposals.length > 0 && !needsPath) {
    throw new UnsupportedError("createCommit cannot be asked for a path where the proposals do not need one")
  }
}

/** The id under which ts-mls keeps a PSK. */
export function tsPskKey(pskId: Uint8Array): string {
  return bytesToBase64(pskId)
}

function identityOf({ credential }: Pick<LeafNode, "credential">): Uint8Array {
  return credential.credentialType === "basic" ? credential.identity : NO_BYTES
}

import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { newXWingSuite, nodeRandom, suites } from "@qpc/crypto/node"
import { createKeyPackage } from "@qpc/mls"
import type {
  Credential,
  Group,
  GroupSurroundings,
  KeyPackageBundle,
  PskLookup,
  Received,
  StagedCommit,
} from "@qpc/mls"
import { toHex } from "@qpc/wire"
import { RefusedError } from "./calls.ts"
import { IdTable } from "./id-table.ts"

/** Pre-shared keys by the hex of their id. */
type Psks = Map<string, Uint8Array>

/** A member of a group. */
export interface OurState {
  readonly group: Group
  readonly suite: CipherSuite
  readonly identity: Uint8Array
  readonly signatureKeys: KeyPair
  readonly psks: Psks
  readonly wireFormat: "private" | "public"
  /** Made and not yet in effect. */
  pending: StagedCommit | undefined
}

/** Somebody with a key package who waits for a Welcome. */
export interface OurTransaction {
  readonly suite: CipherSuite
  readonly identity: Uint8Array
  readonly signatureKeys: KeyPair
  readonly bundle: KeyPackageBundle
  readonly psks: Psks
}

/** A member of a group that a ReInit has ended, with the key package for the next one. */
interface OurReInit {
  readonly old: OurState
  readonly newcomer: OurTransaction
}

/** Somebody who proposes from outside. */
interface OurSigner {
  readonly suite: CipherSuite
  readonly signatureKeys: KeyPair
}

/** What one server remembers. */
export type OurMemory = IdTable<{
  readonly state: OurState
  readonly transaction: OurTransaction
  readonly reinit: OurReInit
  readonly signer: OurSigner
}>

const LIFETIME_MS = 28 * 86_400_000

/** Interop groups take from others whatever RFC 9420 allows. */
const POLICY = { proposals: true, newMemberProposals: true, externalCommits: true }

export const NO_BYTES: Uint8Array = new Uint8Array(0)

const xWingSuite = newXWingSuite()

/** All that we have: those of RFC 9420, and X-Wing under its private code point. */
export const OUR_SUITES: ReadonlyMap<number, CipherSuite> = new Map<number, CipherSuite>([
  ...suites,
  [xWingSuite.id, xWingSuite],
])

/** A memory with nothing in it. */
export function newMemory(): OurMemory {
  return new IdTable()
}

/** @throws RangeError for a suite that we do not have */
export function suiteOf(id: number | undefined): CipherSuite {
  const suite = id === undefined ? undefined : OUR_SUITES.get(id)
  if (suite === undefined) throw new RangeError(`cipher suite ${id} is not supported`)
  return suite
}

/** Draws a signature key pair. */
export function newSignatureKeys(suite: CipherSuite): KeyPair {
  return suite.signatureKeyPair(nodeRandom(suite.sizes.signatureSeedBytes))
}

/** All groups of the harness use basic credentials. */
export function credentialOf(identity: Uint8Array): Credential {
  return { kind: "basic", identity }
}

/** What a group needs each time. */
export function surroundingsOf(signatureKeys: KeyPair): GroupSurroundings {
  return { signatureKeys, policy: POLICY }
}

/** Makes a key package for somebody. */
export function newTransaction(
  suite: CipherSuite,
  identity: Uint8Array,
  signatureKeys: KeyPair = newSignatureKeys(suite),
): OurTransaction {
  const bundle = createKeyPackage({
    suite,
    credential: credentialOf(identity),
    signatureKeys,
    nowMs: Date.now(),
    lifetimeMs: LIFETIME_MS,
    random: nodeRandom,
  })
  return { suite, identity, signatureKeys, bundle, psks: new Map() }
}

/** Finds what was installed by `StorePSK`. */
export function lookupOf(psks: Psks): PskLookup {
  return (id) => (id.kind === "external" ? psks.get(toHex(id.pskId)) : undefined)
}

/** Empty bytes stand for absent ones in the calls. */
export function presentBytes(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length === 0 ? undefined : bytes
}

/** Takes proposals in; our own come back too, and are known. */
export function hearProposals({ group, psks }: OurState, proposals: readonly Uint8Array[]): void {
  for (const proposal of proposals) {
    const received = group.receive(proposal, Date.now(), { psks: lookupOf(psks) })
    const isKnown =
      received.kind === "rejected" && (received.reason === "own_message" || received.reason === "proposal_known")
    if (received.kind !== "proposal" && !isKnown) throw new RefusedError(`proposal: ${outcomeOf(received)}`)
  }
}

/** Takes in the proposals of a commit and follows it. */
export function followCommit(state: OurState, proposals: readonly Uint8Array[], commit: Uint8Array): void {
  hearProposals(state, proposals)
  const received = state.group.receive(commit, Date.now(), { psks: lookupOf(state.psks) })
  if (received.kind !== "commit") throw new RefusedError(`commit: ${outcomeOf(received)}`)
  state.group.merge(received.staged)
  state.pending = undefined
}

/** Takes our own commit into effect. @throws RangeError if there is none */
export function mergePending(state: OurState): void {
  if (state.pending === undefined) throw new RangeError("no commit is pending")
  state.group.merge(state.pending)
  state.pending = undefined
}

/** The reason of a rejection, or else what came instead. */
export function outcomeOf(received: Received): string {
  return received.kind === "rejected" ? received.reason : `is ${received.kind}`
}

/** The leaf index of the member with this identity. @throws RangeError if there is none */
export function leafOf(members: ReturnType<Group["members"]>, identity: Uint8Array): number {
  const wanted = toHex(identity)
  const member = members.find(({ credential }) => credential.kind === "basic" && toHex(credential.identity) === wanted)
  if (member === undefined) throw new RangeError(`no member ${new TextDecoder().decode(identity)}`)
  return member.leafIndex
}

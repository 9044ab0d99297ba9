import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import type { KeyPackageBundle, Received, Staged, StagedCommit } from "@qpc/mls"
import { toUtf8 } from "@qpc/wire"

/** When the benchmarks play. */
export const NOW_MS = 1_800_000_000_000
const LIFETIME_MS = 30 * 86_400_000
/** One commit may add the largest group that is measured. */
/** Ten thousand members in one commit; and commits that a benchmark makes and clears use up generations by the thousand. */
const LIMITS = { maxForwardGenerations: 1_000_000, refusedDerivations: 2_000_000 }
const EMPTY = new Uint8Array(0)

/** Someone who may be invited into one of our groups. */
export interface Newcomer {
  readonly signatureKeys: KeyPair
  readonly bundle: KeyPackageBundle
}

/** A staged commit of ours with what it tells others. */
export type OwnStaged = Extract<Staged, { kind: "staged" }>

/** A fresh person with a key package. */
export function newcomer(suite: CipherSuite = suite0001): Newcomer {
  const signatureKeys = suite.signatureKeyPair(nodeRandom(suite.sizes.signatureSeedBytes))
  return { signatureKeys, bundle: keyPackage(signatureKeys, suite) }
}

/** A key package of somebody who has a signature key. */
export function keyPackage(signatureKeys: KeyPair, suite: CipherSuite): KeyPackageBundle {
  return createKeyPackage({
    suite,
    credential: { kind: "basic", identity: toUtf8("somebody") },
    signatureKeys,
    nowMs: NOW_MS,
    lifetimeMs: LIFETIME_MS,
    random: nodeRandom,
  })
}

/** A group of one. */
export function createGroup(signatureKeys: KeyPair, suite: CipherSuite = suite0001): Group {
  return Group.create({
    suite,
    groupId: nodeRandom(16),
    credential: { kind: "basic", identity: toUtf8("creator") },
    signatureKeys,
    random: nodeRandom,
    nowMs: NOW_MS,
    limits: LIMITS,
  })
}

/** Stages a commit that adds people and removes leaves; with neither it only refreshes keys. */
export function stage(group: Group, adds: readonly Newcomer[] = [], removes: readonly number[] = []): OwnStaged {
  const staged = group.stageCommit({
    removes,
    adds: adds.map(({ bundle }) => bundle.keyPackage),
    authenticatedData: EMPTY,
    random: nodeRandom,
    nowMs: NOW_MS,
  })
  if (staged.kind !== "staged") throw new Error(`unreachable: ${staged.reason}`)
  return staged
}

/** Enters a group from a Welcome. */
export function join(welcome: Uint8Array, { bundle, signatureKeys }: Newcomer, suite: CipherSuite = suite0001): Group {
  const joined = Group.join({ suite, welcome, bundles: [bundle], signatureKeys, limits: LIMITS })
  if (joined.kind !== "joined") throw new Error(`unreachable: ${joined.reason}`)
  return joined.group
}

/** Receives a commit that has to be accepted. */
export function receiveCommit(group: Group, commit: Uint8Array): StagedCommit {
  const received = group.receive(commit, NOW_MS)
  if (received.kind !== "commit") throw new Error(`unreachable: ${whatCame(received)}`)
  return received.staged
}

/** Receives an application message that has to be accepted. */
export function receiveText(group: Group, message: Uint8Array): Uint8Array {
  const received = group.receive(message, NOW_MS)
  if (received.kind !== "application") throw new Error(`unreachable: ${whatCame(received)}`)
  return received.plaintext
}

/** Two views of one group of `memberCount`: its creator's and its newest member's. One commit added everybody. */
export function groupOf(memberCount: number): { readonly creator: Group; readonly member: Group } {
  const creator = createGroup(suite0001.signatureKeyPair(nodeRandom(suite0001.sizes.signatureSeedBytes)))
  const people = Array.from({ length: memberCount - 1 }, () => newcomer())
  const { staged, welcome } = stage(creator, people)
  creator.merge(staged)
  return { creator, member: join(welcome!, people.at(-1)!) }
}

/** Seals without padding and without further data. */
export function protect(group: Group, plaintext: Uint8Array): Uint8Array {
  return group.protect(plaintext, { authenticatedData: EMPTY, random: nodeRandom })
}

const whatCame = (received: Received): string => (received.kind === "rejected" ? received.reason : received.kind)

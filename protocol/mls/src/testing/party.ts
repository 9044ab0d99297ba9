import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { monitorNonces } from "@qpc/crypto/conformance"
import type { MonitoredSuite } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import type { Random, StateRecord } from "@qpc/wire"
import type { CommitOptions } from "../create-commit.ts"
import { Group } from "../group.ts"
import type { CreateGroupOptions, JoinGroupOptions } from "../group-options.ts"
import type { GroupState } from "../group-state.ts"
import { createKeyPackage } from "../key-package-bundle.ts"
import type { KeyPackageBundle, KeyPackageOptions } from "../key-package-bundle.ts"
import { limitsWith } from "../limits.ts"
import { policyWith } from "../policy.ts"
import type { Received } from "../received.ts"
import { decodeState } from "../state-bytes.ts"
import { countedRandom } from "./counted-random.ts"
import { TEST_NOW_MS } from "./test-member.ts"

const NO_DATA = new Uint8Array(0)
const DAY_MS = 86_400_000

type Settings = Pick<CreateGroupOptions, "limits" | "policy" | "extensions" | "capabilities">

/**
 * A group whose members live in one process and hear each other at once. Its suite throws when a key and nonce are used
 * twice by anybody. For tests only.
 */
export class Party {
  readonly suite: MonitoredSuite
  readonly random: Random
  readonly nowMs = TEST_NOW_MS
  readonly groupId: Uint8Array
  readonly #settings: Settings
  readonly #keys = new Map<string, KeyPair>()
  readonly #groups = new Map<string, Group>()

  constructor(seed: string, settings: Settings = {}, suite: CipherSuite = suite0001) {
    this.suite = monitorNonces(suite)
    this.random = countedRandom(suite, seed)
    this.groupId = this.random(16)
    this.#settings = settings
  }

  /** A group of these members, the first being its creator; all are added by one commit. */
  static of(seed: string, names: readonly string[], settings: Settings = {}): Party {
    const party = new Party(seed, settings)
    const [creator, ...others] = names
    if (creator === undefined) throw new RangeError("a group has a creator")
    party.create(creator)
    if (others.length > 0) party.add(creator, others)
    return party
  }

  /** Names of those in the group. */
  get names(): string[] {
    return [...this.#groups.keys()]
  }

  group(name: string): Group {
    const group = this.#groups.get(name)
    if (group === undefined) throw new RangeError(`${name} is not in the group`)
    return group
  }

  create(name: string): Group {
    const { suite, groupId, random, nowMs } = this
    const about = { suite, groupId, random, nowMs, credential: credentialOf(name), signatureKeys: this.keysOf(name) }
    const group = Group.create({ ...about, grease: "everywhere", ...this.#settings })
    this.#groups.set(name, group)
    return group
  }

  keysOf(name: string): KeyPair {
    const known = this.#keys.get(name)
    const keys = known ?? this.suite.signatureKeyPair(this.random(this.suite.sizes.signatureSeedBytes))
    this.#keys.set(name, keys)
    return keys
  }

  keyPackage(name: string, changes: Partial<KeyPackageOptions> = {}): KeyPackageBundle {
    const { suite, random, nowMs } = this
    const types = (this.#settings.extensions ?? []).map(({ extensionType }) => extensionType)
    return createKeyPackage({
      suite,
      credential: credentialOf(name),
      signatureKeys: this.keysOf(name),
      nowMs,
      lifetimeMs: DAY_MS,
      random,
      grease: "everywhere",
      capabilities: { extensions: types, ...this.#settings.capabilities },
      ...changes,
    })
  }

  /** `by` adds these people, and they join. */
  add(by: string, names: readonly string[], options: Partial<CommitOptions> = {}): void {
    const bundles = names.map((name) => this.keyPackage(name))
    const { welcome, ratchetTree } = this.commit(by, { adds: bundles.map(({ keyPackage }) => keyPackage), ...options })
    if (welcome === undefined) throw new Error("no Welcome")
    for (const [at, name] of names.entries()) {
      this.join(name, { welcome, bundles: bundles.slice(at, at + 1), ...(ratchetTree && { ratchetTree }) })
    }
  }

  join(name: string, options: Pick<JoinGroupOptions, "welcome" | "bundles"> & Partial<JoinGroupOptions>): Group {
    const joined = Group.join({
      suite: this.suite,
      signatureKeys: this.keysOf(name),
      ...this.#settings,
      ...options,
    })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    this.#groups.set(name, joined.group)
    return joined.group
  }

  /** Stages a commit without telling anybody. */
  stage(
    by: string,
    options: Partial<CommitOptions> = {},
  ): Extract<ReturnType<Group["stageCommit"]>, { kind: "staged" }> {
    const { random, nowMs } = this
    const outcome = this.group(by).stageCommit({ authenticatedData: NO_DATA, random, nowMs, ...options })
    if (outcome.kind === "refused") throw new Error(outcome.reason)
    return outcome
  }

  /** `by` commits and everybody follows; whoever was removed is forgotten. */
  commit(
    by: string,
    options: Partial<CommitOptions> = {},
  ): Extract<ReturnType<Group["stageCommit"]>, { kind: "staged" }> {
    const outcome = this.stage(by, options)
    for (const [name, group] of this.#groups) {
      if (name !== by) this.follow(name, outcome.commit)
      else group.merge(outcome.staged)
    }
    for (const [name, group] of this.#groups) if (group.phase === "removed") this.#groups.delete(name)
    return outcome
  }

  /** Receives and merges a commit. */
  follow(name: string, commit: Uint8Array): void {
    const received = this.group(name).receive(commit, this.nowMs)
    if (received.kind !== "commit") throw new Error(`${name}: ${outcomeOf(received)}`)
    this.group(name).merge(received.staged)
  }

  /** Seals a text. */
  say(by: string, text: string): Uint8Array {
    return this.group(by).protect(toUtf8(text), { authenticatedData: NO_DATA, random: this.random })
  }

  /** What became of a message: its text, or why it was rejected. */
  hear(name: string, message: Uint8Array): string {
    return outcomeOf(this.group(name).receive(message, this.nowMs))
  }

  /** The same member after a restart, from what it stored: in one piece, unless records are given. */
  restart(name: string, records?: Iterable<StateRecord>): Group {
    const { limits, policy } = this.#settings
    const surroundings = { signatureKeys: this.keysOf(name), ...(limits && { limits }), ...(policy && { policy }) }
    const restored =
      records === undefined
        ? Group.fromBytes(this.suite, this.group(name).toBytes(), surroundings)
        : Group.fromRecords(this.suite, records, surroundings)
    this.#groups.set(name, restored)
    return restored
  }

  /** Forgets someone who left, or what they remember. */
  forget(name: string): void {
    this.#groups.delete(name)
  }

  /** The insides of a member, as a copy: for those who do what the public interface does not let them do. */
  insidesOf(name: string): GroupState {
    const { suite } = this
    const { limits, policy } = this.#settings
    const signaturePrivateKey = this.keysOf(name).privateKey
    const surroundings = { limits: limitsWith(limits), policy: policyWith(policy), signaturePrivateKey }
    return decodeState({ suite, ...surroundings }, this.group(name).toBytes())
  }
}

/** The text of an application message, the reason of a rejection, or else the kind. */
export function outcomeOf(received: Received): string {
  if (received.kind === "application") return String.fromCharCode(...received.plaintext)
  return received.kind === "rejected" ? received.reason : received.kind
}

function credentialOf(name: string): { readonly kind: "basic"; readonly identity: Uint8Array } {
  return { kind: "basic", identity: toUtf8(name) }
}

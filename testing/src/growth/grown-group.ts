import { suite0001 as suite } from "@qpc/crypto/node"
import type { KeyPair } from "@qpc/crypto"
import { createKeyPackages, createMember, joinMember } from "@qpc/group"
import type { Content, KeyPackageBundle, Member } from "@qpc/group"
import { toGroupId, toIdentityKey } from "@qpc/wire"
import type { IdentityKey, Random } from "@qpc/wire"
import { RecordStore } from "@qpc/wire/conformance"
import type { Cost } from "./cost.ts"

/** What is added to a group later, and removed again. */
const SPARE_MEMBERS = 64
/** Members whose leaves share a subtree of eight: one commit of one of them makes it warm. */
const BLOCK_LEAVES = 8
const START_MS = Date.UTC(2027, 0, 15, 12)

/** Somebody who is in the group, or could be. */
interface Person {
  readonly keys: KeyPair
  readonly self: IdentityKey
  readonly bundle: KeyPackageBundle
}

/** A member that is played, and its disk. */
interface Player {
  readonly member: Member
  readonly store: RecordStore
}

/** Somebody who can be invited. */
export interface Newcomer {
  readonly keyPackage: Uint8Array
  readonly self: IdentityKey
}

interface MadeCommit {
  readonly cost: Cost
  readonly welcome: Uint8Array | undefined
}

/**
 * A group of n that was filled by one commit, of which two members are played: the one who filled it and the one of the last
 * leaf, in the other half of the tree. Commits cost them what they cost anybody.
 */
export class GrownGroup implements Disposable {
  readonly size: number
  /** What filling cost the author, and joining the other. */
  readonly filling: Cost
  readonly #random: Random
  readonly #people: readonly Person[]
  readonly #author: Player
  readonly #other: Player

  constructor(size: number, random: Random) {
    this.size = size
    this.#random = random
    const creator = newPerson(random)
    this.#people = Array.from({ length: size - 1 }, () => newPerson(random))
    const groupId = toGroupId(random(16))
    const surroundings = this.#surroundings(creator)
    this.#author = played(createMember({ suite, groupId, name: "growth", nowMs: START_MS, ...surroundings }))
    const keyPackages = this.#people.map(({ bundle }) => bundle.keyPackage)
    const { cost, welcome } = this.#commit({ kind: "invite", keyPackages }, this.#author, [])
    const startedMs = cpuMs()
    this.#other = this.#join(this.#people.at(-1)!, welcome)
    this.filling = { ...cost, receiverMs: cpuMs() - startedMs, receiverDiskBytes: this.#other.store.last.putBytes }
  }

  /** Bytes on the disk of a member. */
  get stateBytes(): number {
    return this.#other.store.records().reduce((sum, { key, value }) => sum + key.length + value.length, 0)
  }

  get otherIdentity(): IdentityKey {
    return this.#other.member.self
  }

  /** People who are not in the group. */
  newcomers(count: number): readonly Newcomer[] {
    return Array.from({ length: count }, () => {
      const { bundle, self } = newPerson(this.#random)
      return { keyPackage: bundle.keyPackage, self }
    })
  }

  /** One change of the group, by the one who filled it. */
  commit(content: Content): Cost {
    return this.#commit(content, this.#author, [this.#other]).cost
  }

  /** One change of the group, by the member in the other half. */
  commitOfOther(content: Content): Cost {
    return this.#commit(content, this.#other, [this.#author]).cost
  }

  text(text: string): Cost {
    const { member, store } = this.#author
    const sentMs = cpuMs()
    const [outgoing] = member.send({ kind: "text", text }, START_MS).outgoing
    const authorMs = cpuMs() - sentMs
    const { envelope } = outgoing!.deliveries[0]!
    const authorDiskBytes = store.write(member).putBytes
    const receivedMs = cpuMs()
    this.#other.member.receive(envelope, START_MS)
    const receiverMs = cpuMs() - receivedMs
    const receiverDiskBytes = this.#other.store.write(this.#other.member).putBytes
    return { authorMs, receiverMs, wireBytes: envelope.length, welcomeBytes: 0, authorDiskBytes, receiverDiskBytes }
  }

  /**
   * Lets one member of each block of eight leaves renew its keys, halving what is cold with each: what the policy of
   * `protocol/group` does in the course of an hour. Whoever it is was replaced by somebody new just before, who takes the leaf and is played
   * for that one commit: whoever had been there since the beginning would have to catch up with everybody before.
   */
  warm(): void {
    for (const leaf of bitReversed(Math.floor(this.size / BLOCK_LEAVES))) {
      const person = this.#people[leaf * BLOCK_LEAVES + BLOCK_LEAVES - 2]
      if (person === undefined || person === this.#people.at(-1)) continue
      const successor = newPerson(this.#random)
      this.commit({ kind: "remove", members: [person.self] })
      const invitation: Content = { kind: "invite", keyPackages: [successor.bundle.keyPackage] }
      const { welcome } = this.#commit(invitation, this.#author, [this.#other])
      const player = this.#join(successor, welcome)
      this.#commit({ kind: "update_keys" }, player, [this.#other, this.#author])
      player.member[Symbol.dispose]()
    }
  }

  [Symbol.dispose](): void {
    this.#author.member[Symbol.dispose]()
    this.#other.member[Symbol.dispose]()
  }

  #commit(content: Content, author: Player, followers: readonly Player[]): MadeCommit {
    const { member, store } = author
    const startedMs = cpuMs()
    const [outgoing] = member.send(content, START_MS).outgoing
    if (outgoing?.claim === undefined) throw new Error(`${content.kind} made no commit`)
    const madeMs = cpuMs() - startedMs
    const madeBytes = store.write(member).putBytes
    const [commit, welcome] = outgoing.deliveries.map(({ envelope }) => envelope)
    const echo = follow(author, commit!)
    const [first] = followers.map((follower) => follow(follower, commit!))
    const cost = {
      authorMs: madeMs + echo.ms,
      receiverMs: first?.ms ?? 0,
      wireBytes: commit!.length,
      welcomeBytes: welcome?.length ?? 0,
      authorDiskBytes: madeBytes + echo.diskBytes,
      receiverDiskBytes: first?.diskBytes ?? 0,
    }
    return { cost, welcome }
  }

  #join(person: Person, welcome: Uint8Array | undefined): Player {
    if (welcome === undefined) throw new Error("nobody was invited")
    const about = { suite, envelope: welcome, bundles: [person.bundle], nowMs: START_MS }
    const joined = joinMember({ ...about, ...this.#surroundings(person) })
    if (joined.kind === "rejected") throw new Error(`the Welcome is rejected: ${joined.reason}`)
    return played(joined.member)
  }

  #surroundings({ keys }: Person) {
    const limits = { members: this.size + SPARE_MEMBERS, warmEveryMs: 0, updateKeysAfterMs: 0 }
    return { device: keys, random: this.#random, limits }
  }
}

/** One commit from the inbox, and what it cost. */
function follow({ member, store }: Player, commit: Uint8Array): { readonly ms: number; readonly diskBytes: number } {
  const epochBefore = member.epoch
  const startedMs = cpuMs()
  member.receive(commit, START_MS)
  const ms = cpuMs() - startedMs
  if (member.epoch !== epochBefore + 1n) throw new Error("a commit was not followed")
  return { ms, diskBytes: store.write(member).putBytes }
}

function newPerson(random: Random): Person {
  const keys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const [bundle] = createKeyPackages({ suite, device: keys, random, nowMs: START_MS, count: 1 })
  return { keys, self: toIdentityKey(keys.publicKey.slice()), bundle: bundle! }
}

function played(member: Member): Player {
  const store = new RecordStore()
  store.write(member)
  return { member, store }
}

/** 0 to count − 1, so that each halves the largest gap. */
function bitReversed(count: number): number[] {
  const bits = Math.max(1, Math.ceil(Math.log2(count)))
  const reversed = (value: number): number => {
    let result = 0
    for (let bit = 0; bit < bits; bit++) result |= ((value >> bit) & 1) << (bits - 1 - bit)
    return result
  }
  return Array.from({ length: 2 ** bits }, (_, at) => reversed(at)).filter((at) => at < count)
}

/** Processor time of this process: what runs beside it on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

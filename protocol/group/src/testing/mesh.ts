import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { compareBytes, equalBytes, toGroupId, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { Content } from "../content.ts"
import { createKeyPackages } from "../key-packages.ts"
import type { KeyPackageBundle } from "../key-packages.ts"
import type { RoleId } from "@qpc/gsp"
import { createServerlessMember, joinServerlessMember } from "../serverless/create.ts"
import type { ServerlessEvent, ServerlessOutgoing, ServerlessStep } from "../serverless/serverless-event.ts"
import type { ServerlessLimits } from "../serverless/serverless-limits.ts"
import type { ServerlessMember } from "../serverless/serverless-member.ts"
import { serverlessMemberFromBytes } from "../serverless/wake.ts"
import type { TestClock } from "./device.ts"
import { seededRandom, seededWords } from "./seeded-random.ts"

/** What a client does around a member of a group without a delivery service, in a few lines, for tests. */
export class MeshDevice {
  readonly identity: KeyPair
  readonly self: IdentityKey
  readonly events: ServerlessEvent[] = []
  /** What was made and nobody has taken yet. */
  outbox: ServerlessOutgoing[] = []
  wakeAtMs: number | undefined
  readonly #suite: CipherSuite
  readonly #clock: TestClock
  readonly #random: ReturnType<typeof seededRandom>
  readonly #limits: ServerlessLimits
  #bundles: KeyPackageBundle[] = []
  #member: ServerlessMember | undefined

  constructor(suite: CipherSuite, seed: number, clock: TestClock, limits: ServerlessLimits = {}) {
    this.#suite = suite
    this.#clock = clock
    this.#limits = limits
    this.#random = seededRandom(seed)
    this.identity = suite.signatureKeyPair(this.#random(suite.sizes.signatureSeedBytes))
    this.self = toIdentityKey(this.identity.publicKey)
  }

  get member(): ServerlessMember {
    if (this.#member === undefined) throw new Error("this device is in no group")
    return this.#member
  }

  create(name: string, roles: ReadonlyMap<RoleId, number>): void {
    const groupId = toGroupId(this.#random(16))
    this.#member = createServerlessMember({ ...this.#surroundings(), suite: this.#suite, groupId, name, roles })
  }

  keyPackage(): Uint8Array {
    const [bundle] = createKeyPackages({ ...this.#surroundings(), suite: this.#suite, count: 1 })
    if (bundle === undefined) throw new Error("no key package was made")
    this.#bundles.push(bundle)
    return bundle.keyPackage
  }

  send(content: Content): ServerlessStep {
    return this.take(this.member.send(content, this.#clock.nowMs))
  }

  text(text: string): ServerlessStep {
    return this.send({ kind: "text", text })
  }

  /** All at once, as what comes with one contact. */
  receive(...envelopes: readonly Uint8Array[]): void {
    if (this.#member !== undefined) return void this.take(this.#member.receive(envelopes, this.#clock.nowMs))
    for (const [at, envelope] of envelopes.entries()) {
      const joined = joinServerlessMember({
        ...this.#surroundings(),
        suite: this.#suite,
        envelope,
        bundles: this.#bundles,
      })
      if (joined.kind === "rejected") continue
      this.#member = joined.member
      this.events.push(...joined.events)
      return this.receive(...envelopes.slice(0, at), ...envelopes.slice(at + 1))
    }
  }

  /** Says that somebody took everything that was made, and hands it over. */
  publish(): ServerlessOutgoing[] {
    const taken = this.outbox.splice(0)
    for (const { messageId, isCommit } of taken) {
      if (isCommit) this.take(this.member.published(messageId, this.#clock.nowMs))
    }
    return taken
  }

  /** Says that nobody took anything. */
  abandon(): void {
    for (const { messageId } of this.outbox.splice(0)) this.take(this.member.abandon(messageId, this.#clock.nowMs))
  }

  tick(): void {
    this.take(this.member.tick(this.#clock.nowMs))
  }

  restart(): void {
    const bytes = this.member.toBytes()
    const woken = serverlessMemberFromBytes(this.#suite, bytes, this.#surroundings())
    if (!equalBytes(woken.toBytes(), bytes)) throw new Error("what woke up is not what was stored")
    this.member[Symbol.dispose]()
    this.#member = woken
  }

  /** Texts that were shown, in order. */
  shown(): string[] {
    return this.events.flatMap((event) => (event.kind === "text" ? [event.text] : []))
  }

  told<Kind extends ServerlessEvent["kind"]>(kind: Kind): Extract<ServerlessEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<ServerlessEvent, { kind: Kind }> => event.kind === kind)
  }

  take(step: ServerlessStep): ServerlessStep {
    this.outbox.push(...step.outgoing)
    this.events.push(...step.events)
    this.wakeAtMs = step.wakeAtMs
    return step
  }

  #surroundings() {
    return { device: this.identity, random: this.#random, limits: this.#limits, nowMs: this.#clock.nowMs }
  }
}

/** Devices that meet when the test says so. */
export class Mesh {
  readonly clock: TestClock = { nowMs: 1_800_000_000_000 }
  readonly devices: MeshDevice[] = []
  readonly #suite: CipherSuite
  readonly #seed: number

  constructor(suite: CipherSuite, seed = 1) {
    this.#suite = suite
    this.#seed = seed
  }

  device(limits: ServerlessLimits = {}): MeshDevice {
    const device = new MeshDevice(this.#suite, this.#seed * 1000 + this.devices.length, this.clock, limits)
    this.devices.push(device)
    return device
  }

  /** A group in which nothing is under way; of two commits, the one of an earlier device is preferred. */
  group(memberCount: number, roles: ReadonlyMap<RoleId, number>, limits: ServerlessLimits = {}): MeshDevice[] {
    const made = Array.from({ length: memberCount }, () => this.device(limits))
    const members = made.toSorted((a, b) => compareBytes(a.self, b.self))
    const [founder, ...others] = members
    if (founder === undefined) throw new Error("a group of nobody")
    founder.create("garden", roles)
    if (others.length > 0) founder.send({ kind: "invite", keyPackages: others.map((other) => other.keyPackage()) })
    this.deliver(founder.publish())
    for (const member of members) member.events.length = 0
    return members
  }

  /** Carries messages to those who are named, or to all of their recipients. Each takes what is for them in one piece. */
  deliver(messages: readonly ServerlessOutgoing[], to: readonly MeshDevice[] = this.devices): void {
    for (const device of to) {
      const envelopes = envelopesFor(device, messages)
      if (envelopes.length > 0) device.receive(...envelopes)
    }
  }

  /** Lets everybody meet everybody until nobody has anything new, in an order that is drawn from a seed. */
  settle(known: readonly ServerlessOutgoing[], seed: number): void {
    const next = seededWords(seed)
    const pool = [...known]
    const had = new Map(this.devices.map((device) => [device, new Set<Uint8Array>()]))
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const device of shuffled(this.devices, next)) {
        const made = device.publish()
        pool.push(...made)
        if (made.length > 0) isBusy = true
        const mine = had.get(device)!
        const fresh = shuffled(envelopesFor(device, pool), next).filter((envelope) => !mine.has(envelope))
        for (const envelope of fresh) mine.add(envelope)
        if (fresh.length === 0) continue
        isBusy = true
        device.receive(...fresh)
      }
    }
  }
}

function envelopesFor(device: MeshDevice, messages: readonly ServerlessOutgoing[]): Uint8Array[] {
  return messages.flatMap(({ deliveries }) =>
    deliveries.flatMap(({ recipients, envelope }) =>
      recipients.some((recipient) => equalBytes(recipient, device.self)) ? [envelope] : [],
    ),
  )
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

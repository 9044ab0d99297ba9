import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { createKeyPackages, joinMember, memberFromRecords } from "@qpc/group"
import type { GroupEvent, Intent, KeyPackageBundle, Member, Outgoing, Step } from "@qpc/group"
import { toIdentityKey } from "@qpc/wire"
import type { IdentityKey, Random, StateRecord } from "@qpc/wire"
import { RecordStore } from "@qpc/wire/conformance"
import type { DeliveryService } from "./delivery-service.ts"

/** A device at the moment before a race: as often as one likes, the same device. */
export interface StoredRacer {
  readonly identity: KeyPair
  /** What is on its disk; nothing as long as it is in no group. */
  readonly records: readonly StateRecord[]
  readonly outbox: readonly Outgoing[]
  readonly bundles: readonly KeyPackageBundle[]
}

/** What a racer stands on. */
export interface RacerSurroundings {
  readonly suite: CipherSuite
  readonly random: Random
  readonly nowMs: number
}

/** One device: a `Member` with an outbox. It acts only when it is told to. */
export class Racer {
  readonly identity: KeyPair
  readonly self: IdentityKey
  readonly events: GroupEvent[] = []
  /** Called with every event at once, while the group is as it was then. */
  onEvent: (event: GroupEvent) => void = () => undefined
  outbox: Outgoing[] = []
  member: Member | undefined
  readonly #surroundings: RacerSurroundings
  readonly #store = new RecordStore()
  readonly #bundles: KeyPackageBundle[] = []
  /** Refusals that it has not heard of yet. */
  #unheard: { readonly outgoing: Outgoing; readonly missedCommits: readonly Uint8Array[] }[] = []

  constructor(identity: KeyPair, surroundings: RacerSurroundings) {
    this.identity = identity
    this.self = toIdentityKey(identity.publicKey)
    this.#surroundings = surroundings
  }

  static wake({ identity, records, outbox, bundles }: StoredRacer, surroundings: RacerSurroundings): Racer {
    const racer = new Racer(identity, surroundings)
    const { suite, random } = surroundings
    if (records.length > 0) racer.member = memberFromRecords(suite, records, { device: identity, random })
    racer.outbox.push(...outbox)
    racer.#bundles.push(...bundles)
    return racer
  }

  /** True while it has something to send, to hear or to read. */
  async isBusy(service: DeliveryService): Promise<boolean> {
    return this.outbox.length + this.#unheard.length > 0 || (await service.hasMail(this.self))
  }

  keyPackage(): Uint8Array {
    const { suite, random, nowMs } = this.#surroundings
    const about = { suite, device: this.identity, random, nowMs }
    const [bundle] = createKeyPackages({ ...about, count: 1, lifetimeMs: 86_400_000 })
    this.#bundles.push(bundle!)
    return bundle!.keyPackage
  }

  /** Asks for a change of the group, and has a commit for it in the outbox then. */
  want(intent: Intent): void {
    const step = this.member!.send(intent, this.#surroundings.nowMs)
    if (step.outgoing.length !== 1) throw new Error(`nothing to commit: ${intent.kind}`)
    this.take(step)
  }

  /** Offers what waits. It hears of refusals when it {@link hear}s. */
  async offer(service: DeliveryService): Promise<void> {
    for (let outgoing = this.outbox.shift(); outgoing !== undefined; outgoing = this.outbox.shift()) {
      const answer = await service.offer(this.self, outgoing)
      if (answer.kind === "refused") this.take(this.member!.abandon(outgoing.messageId, this.#surroundings.nowMs))
      if (answer.kind === "epoch_conflict") this.#unheard.push({ outgoing, missedCommits: answer.missedCommits })
    }
  }

  hear(): void {
    for (const { outgoing, missedCommits } of this.#unheard.splice(0)) {
      this.take(this.member!.conflict(outgoing.messageId, this.#surroundings.nowMs, missedCommits))
    }
  }

  /** Reads one envelope. */
  async read(service: DeliveryService): Promise<void> {
    const envelope = await service.take(this.self)
    if (envelope === undefined) return
    const { nowMs } = this.#surroundings
    if (this.member !== undefined) this.take(this.member.receive(envelope, nowMs))
    else this.#join(envelope)
  }

  stored(): StoredRacer {
    if (this.member !== undefined) this.#store.write(this.member)
    const { identity, outbox } = this
    return { identity, records: this.#store.records(), outbox: [...outbox], bundles: [...this.#bundles] }
  }

  take({ outgoing, events }: Step): void {
    this.outbox.push(...outgoing)
    this.events.push(...events)
    for (const event of events) this.onEvent(event)
  }

  #join(envelope: Uint8Array): void {
    const bundles = this.#bundles
    const joined = joinMember({ ...this.#surroundings, device: this.identity, envelope, bundles })
    if (joined.kind !== "joined") return
    this.member = joined.member
    this.events.push(...joined.events)
  }
}

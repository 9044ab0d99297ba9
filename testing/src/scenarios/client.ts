import { createKeyPackages, receiveEnvelope } from "@qpc/group"
import type { KeyPackageBundle, ServerlessEvent } from "@qpc/group"
import { toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { enter } from "./participant.ts"
import type { Made, Mode, Participant, Result, Surroundings } from "./participant.ts"

/** A commit that nobody has answered for yet. */
export interface Outstanding {
  readonly made: Made
  readonly group: string
  readonly actionId: string
  readonly publication: string | undefined
}

/** What happened since it was last looked at. */
export interface Window {
  payloads: string[]
  added: string[]
  removed: string[]
  epochChanges: { readonly from: number; readonly to: number }[]
}

/** What belongs to one group of a client. */
interface Membership {
  participant: Participant
  /** The epoch that was last told. */
  epoch: bigint
}

const MAIL_LIMIT = 10_000
const emptyWindow = (): Window => ({ payloads: [], added: [], removed: [], epochChanges: [] })

/** One client of a scenario: its memberships by the hex of their group ids, its mail, and what it was told. */
export class Client {
  readonly label: string
  readonly self: IdentityKey
  readonly memberships: Map<string, Membership> = new Map()
  outstanding: Outstanding[] = []
  /** Delivered and not looked at. */
  mail: Uint8Array[] = []
  window: Window = emptyWindow()
  /** Every text that was ever shown. */
  readonly payloads: string[] = []
  readonly #mode: Mode
  readonly #surroundings: Surroundings
  readonly #nameOf: (identityKey: IdentityKey) => string
  /** Epochs of a group that belong to its founding. */
  readonly #foundingEpochs: (groupId: string) => number
  #bundles: KeyPackageBundle[] = []

  constructor(
    label: string,
    world: {
      readonly mode: Mode
      readonly surroundings: Surroundings
      readonly nameOf: (identityKey: IdentityKey) => string
      readonly foundingEpochs: (groupId: string) => number
    },
  ) {
    this.label = label
    this.#mode = world.mode
    this.#surroundings = world.surroundings
    this.#nameOf = world.nameOf
    this.#foundingEpochs = world.foundingEpochs
    this.self = toIdentityKey(world.surroundings.device.publicKey)
  }

  get surroundings(): Surroundings {
    return this.#surroundings
  }

  keyPackage(nowMs: number): Uint8Array {
    const [bundle] = createKeyPackages({ ...this.#surroundings, nowMs, count: 1 })
    if (bundle === undefined) throw new Error("no key package was made")
    this.#bundles.push(bundle)
    return bundle.keyPackage
  }

  enter(participant: Participant): void {
    this.memberships.set(toHex(participant.shown.groupId), { participant, epoch: participant.shown.epoch })
  }

  clearWindow(): void {
    this.window = emptyWindow()
  }

  /** Looks at its mail, and does what is due. Returns what it made, by group. */
  tick(nowMs: number): readonly { readonly groupId: string; readonly result: Result }[] {
    this.#join(nowMs)
    const mail = this.mail
    this.mail = []
    const done: { readonly groupId: string; readonly result: Result }[] = []
    for (const [groupId, { participant }] of this.memberships) {
      const mine = mail.filter((envelope) => groupOf(envelope) === groupId)
      for (const step of [() => participant.receive(mine, nowMs), () => participant.tick(nowMs)]) {
        const result = step()
        this.note(groupId, result.events)
        done.push({ groupId, result })
      }
    }
    // Of groups that nobody has let us into yet.
    this.mail = mail.filter((envelope) => !this.memberships.has(groupOf(envelope) ?? "")).slice(-MAIL_LIMIT)
    return done
  }

  /** Takes down what a member told. */
  note(groupId: string, events: readonly ServerlessEvent[]): void {
    const membership = this.memberships.get(groupId)
    const founding = this.#foundingEpochs(groupId)
    for (const event of events) {
      if (event.kind === "text") {
        this.payloads.push(event.text)
        this.window.payloads.push(event.text)
      } else if (event.kind === "members_changed" && Number(event.epoch) > founding) {
        this.window.added.push(...event.added.map(this.#nameOf))
        this.window.removed.push(...event.removed.map(this.#nameOf))
      } else if (event.kind === "epoch_changed" && membership !== undefined) {
        const [from, to] = [Number(membership.epoch) - founding + 1, Number(event.epoch) - founding + 1]
        if (to > 1 && from !== to) this.window.epochChanges.push({ from, to })
        membership.epoch = event.epoch
      }
    }
  }

  /** Restarts all members from what is stored. What the application had not looked at is gone. */
  restart(): void {
    for (const membership of this.memberships.values()) membership.participant = membership.participant.restarted()
    this.clearWindow()
  }

  #join(nowMs: number): void {
    for (const envelope of this.mail) {
      const groupId = groupOf(envelope)
      if (groupId === undefined || this.memberships.has(groupId)) continue
      const entered = enter(this.#mode, this.#surroundings, { envelope, bundles: this.#bundles, nowMs })
      if (entered === undefined) continue
      this.#bundles = this.#bundles.filter(({ ref }) => ref !== entered.usedKeyPackageRef)
      this.enter(entered.participant)
    }
  }
}

function groupOf(envelope: Uint8Array): string | undefined {
  const received = receiveEnvelope(envelope)
  return received.kind === "envelope" ? toHex(received.envelope.groupId) : undefined
}

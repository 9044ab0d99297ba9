import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { readDeviceCertificate } from "@qpc/group"
import type { IdentityKey, Random } from "@qpc/wire"
import { toIdentityKey } from "@qpc/wire"
import type { ClientLimits } from "./api.ts"
import { ClientError, profileClosed } from "./client-error.ts"
import type { Calendar } from "./calendar.ts"
import type { Contacts } from "./contacts.ts"
import type { DeliveryKey } from "./delivery-key.ts"
import type { EventHub } from "./event-hub.ts"
import type { Groups } from "./groups.ts"
import type { MissingHistories } from "./missing-history.ts"
import type { Identity } from "./model.ts"
import type { OutboxIndex } from "./outbox-index.ts"
import type { ParkedIndex } from "./parked-index.ts"
import type { Pulse } from "./pulse.ts"
import type { Positions } from "./positions.ts"
import type { Profile } from "./profile.ts"
import type { Rejoining } from "./rejoining.ts"
import type { IdentityRecord } from "./records.ts"
import type { Store } from "./store.ts"
import type { Tracer } from "./tracer.ts"
import type { Turn } from "./turn.ts"
import type { Sweeper } from "./disappearing.ts"
import type { ProfileTime } from "./profile-time.ts"
import type { Wakes } from "./wakes.ts"

/** What the parts of one client share. */
export interface Context {
  readonly store: Store
  readonly profile: Profile
  readonly suite: CipherSuite
  /** All that we have, that one first. */
  readonly suites: readonly CipherSuite[]
  readonly random: Random
  readonly clock: Calendar
  readonly limits: ClientLimits
  readonly hub: EventHub
  /** Beats whenever something changed that somebody may wait for. */
  readonly pulse: Pulse
  /** Everything that changes a member or the store runs inside. */
  readonly turn: Turn
  readonly tracer: Tracer
  readonly groups: Groups
  readonly contacts: Contacts
  readonly outbox: OutboxIndex
  readonly parked: ParkedIndex
  readonly missing: MissingHistories
  readonly rejoining: Rejoining
  readonly self: Self
  /** Under which the server signs the logs of epochs. */
  readonly deliveryKey: DeliveryKey
  /** The inbox sequence number up to which everything is on disk. */
  readonly cursor: { seq: bigint }
  /** Next free positions in the store. Gaps are harmless. */
  readonly positions: Positions
  /** Members that want to be ticked. */
  readonly wakes: Wakes
  /** By which messages disappear; no server has a say in it. */
  readonly time: ProfileTime
  readonly sweeper: Sweeper
}

/** Who we are, once we are somebody. */
export class Self {
  #record: IdentityRecord | undefined
  #isForgotten = false

  become(record: IdentityRecord): void {
    this.#record = record
  }

  /** The profile is closed: zeroes the private key. */
  forget(): void {
    this.#isForgotten = true
    this.#record?.privateKey.fill(0)
    this.#record = undefined
  }

  get record(): IdentityRecord | undefined {
    return this.#record
  }

  /** For people. */
  get identity(): Identity | undefined {
    if (this.#record === undefined) return undefined
    const { username, serverAddress, isRegistered } = this.#record
    return { username, identityKey: this.identityKey, serverAddress, isRegistered }
  }

  /** Of this device. @throws ClientError `not_registered`, `store_closed` */
  get keys(): KeyPair {
    return this.#known()
  }

  /** What makes this device one of ours, for whoever signs with it: empty on a first device. */
  get certified(): { readonly certificate?: Uint8Array } {
    const { certificate } = this.#known()
    return certificate === undefined || certificate.length === 0 ? {} : { certificate }
  }

  /** The device's own key until it is approved. @throws ClientError `not_registered`, `store_closed` */
  get identityKey(): IdentityKey {
    const { certificate } = this.certified
    const signed = certificate && readDeviceCertificate(certificate)
    return signed?.identityKey ?? toIdentityKey(this.#known().publicKey)
  }

  #known(): IdentityRecord {
    if (this.#record !== undefined) return this.#record
    if (this.#isForgotten) throw profileClosed()
    throw new ClientError("not_registered", "this profile has no user yet", { nextStep: "Register first." })
  }
}

import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { certifyDevice } from "@qpc/envelope"
import { toDeviceKey, toGroupId, toHex, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, IdentityKey, Random } from "@qpc/wire"
import type { Content } from "../content.ts"
import { createMember, joinMember } from "../create.ts"
import { memberFromRecords } from "../wake.ts"
import type { Joined, MemberSurroundings } from "../create.ts"
import type { EpochLogOptions } from "../follow-log.ts"
import type { GroupEvent } from "../event.ts"
import { changesSuite } from "../follow-suite.ts"
import { createKeyPackages } from "../key-packages.ts"
import type { KeyPackageBundle } from "../key-packages.ts"
import type { GroupLimits } from "../limits.ts"
import type { Member } from "../member.ts"
import type { RoleId } from "@qpc/gsp"
import type { Outgoing, Step } from "../step.ts"
import type { OnLayer } from "../trace.ts"
import type { OrderingService } from "./ordering-service.ts"
import { RecordStore } from "@qpc/wire/conformance"
import { seededRandom } from "./seeded-random.ts"

/** The clock of all devices in a test. */
export interface TestClock {
  nowMs: number
}

/** What a device is made of. */
export interface DeviceOptions {
  readonly suite: CipherSuite
  /** Those that groups may change to. Default none. */
  readonly suites?: readonly CipherSuite[]
  readonly seed: number
  readonly clock: TestClock
  /** The identity's key pair, if this is not the person's first device. */
  readonly person?: KeyPair
  readonly limits?: GroupLimits
  readonly onLayer?: OnLayer
  readonly epochLog?: EpochLogOptions
}

const YEAR_MS = 366 * 86_400_000

/** What a client does around a member, in a few lines, for tests: stores, sends, receives, restarts. */
export class Device {
  readonly keys: KeyPair
  /** Whose device it is. */
  readonly self: IdentityKey
  /** Which device it is. */
  readonly inboxKey: DeviceKey
  /** Absent on a person's first device. */
  readonly certificate: Uint8Array | undefined
  /** Everything that happened, oldest first. */
  readonly events: GroupEvent[] = []
  /** What the network has not taken yet. */
  outbox: Outgoing[] = []
  /** When it wants to be ticked. */
  wakeAtMs: number | undefined
  readonly #options: DeviceOptions
  readonly #random: Random
  /** What is on its disk: written after every step. */
  readonly store: RecordStore = new RecordStore()
  #bundles: KeyPackageBundle[] = []
  #member: Member | undefined

  constructor(options: DeviceOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    const { suite, person, clock } = options
    this.keys = suite.signatureKeyPair(this.#random(suite.sizes.signatureSeedBytes))
    this.self = toIdentityKey((person ?? this.keys).publicKey)
    this.inboxKey = toDeviceKey(this.keys.publicKey)
    const time = { notBeforeMs: clock.nowMs, notAfterMs: clock.nowMs + YEAR_MS }
    const statement = { identityKey: this.self, deviceKey: this.inboxKey, ...time }
    this.certificate = person && certifyDevice(suite, person.privateKey, statement)
  }

  get member(): Member {
    if (this.#member === undefined) throw new Error("this device is in no group")
    return this.#member
  }

  get isMember(): boolean {
    return this.#member !== undefined
  }

  create(name: string, roles?: ReadonlyMap<RoleId, number>): void {
    const { suite, clock } = this.#options
    const groupId = toGroupId(this.#random(16))
    this.#member = createMember({
      suite,
      groupId,
      name,
      nowMs: clock.nowMs,
      ...this.surroundings,
      ...this.#certified(),
      ...(roles && { roles }),
    })
    this.tick()
  }

  /** A fresh key package, as the server would hand it out. */
  keyPackage(lifetimeMs = 86_400_000, suite: CipherSuite = this.#options.suite): Uint8Array {
    const { clock } = this.#options
    const about = { suite, device: this.keys, random: this.#random, nowMs: clock.nowMs, ...this.#certified() }
    const made = createKeyPackages({ ...about, count: 1, lifetimeMs })
    this.#bundles.push(...made)
    return made[0]!.keyPackage
  }

  /** Takes the place of the member that it was. */
  adopt(member: Member, events: readonly GroupEvent[]): void {
    this.#member = member
    this.take({ outgoing: [], events, wakeAtMs: this.#options.clock.nowMs })
  }

  send(content: Content): Step {
    return this.take(this.member.send(content, this.#options.clock.nowMs))
  }

  text(text: string): Step {
    return this.send({ kind: "text", text })
  }

  /** Gives the network what is in the outbox, in order. */
  flush(service: OrderingService): void {
    for (let outgoing = this.outbox.shift(); outgoing !== undefined; outgoing = this.outbox.shift()) {
      const verdict = service.offer(outgoing)
      if (verdict === "epoch_conflict") this.take(this.member.conflict(outgoing.messageId, this.#options.clock.nowMs))
    }
  }

  /** Takes the next envelope out of the inbox, if there is one. */
  receiveNext(service: OrderingService): boolean {
    const envelope = service.take(this.inboxKey)
    if (envelope === undefined) return false
    this.receive(envelope)
    return true
  }

  receive(envelope: Uint8Array): Step {
    const { clock } = this.#options
    if (this.#member !== undefined) {
      const keyPackages = changesSuite(envelope) ? this.#bundles : undefined
      return this.take(this.#member.receive(envelope, clock.nowMs, { keyPackages }))
    }
    const joined = this.join(envelope)
    const events = joined.kind === "joined" ? joined.events : []
    return this.take({ outgoing: [], events, wakeAtMs: clock.nowMs })
  }

  join(envelope: Uint8Array): Joined {
    const { suite, clock } = this.#options
    const joined = joinMember({ suite, envelope, bundles: this.#bundles, nowMs: clock.nowMs, ...this.surroundings })
    if (joined.kind === "joined") {
      this.#member = joined.member
      this.#bundles = this.#bundles.filter((bundle) => bundle.ref !== joined.usedKeyPackageRef)
    }
    return joined
  }

  tick(): Step {
    return this.take(this.member.tick(this.#options.clock.nowMs))
  }

  /** Wakes up from its records, as after a crash: as the member that it was, down to the byte. */
  restart(): void {
    const { member } = this
    this.store.write(member)
    const woken = memberFromRecords(this.#options.suite, this.store.records(), this.surroundings)
    if (toHex(woken.toBytes()) !== toHex(member.toBytes())) throw new Error("the records are not those of the member")
    member[Symbol.dispose]()
    this.#member = woken
  }

  /** Forgets the private halves of its key packages, as after they ended. */
  forgetKeyPackages(): void {
    this.#bundles = []
  }

  /** Texts that were shown, in order. */
  shown(): string[] {
    return this.events.flatMap((event) => (event.kind === "text" ? [event.text] : []))
  }

  /** What every step ends with: what changed is stored, its messages wait for the network, its events are noted. */
  take(step: Step): Step {
    if (this.#member !== undefined) this.store.write(this.#member)
    this.outbox.push(...step.outgoing)
    this.events.push(...step.events)
    this.wakeAtMs = step.wakeAtMs
    return step
  }

  #certified() {
    return this.certificate === undefined ? {} : { certificate: this.certificate }
  }

  /** What a member of it needs. */
  get surroundings(): MemberSurroundings {
    const { suites, limits, onLayer, epochLog } = this.#options
    return {
      device: this.keys,
      ...(suites && { suites }),
      random: this.#random,
      ...(limits && { limits }),
      ...(onLayer && { onLayer }),
      ...(epochLog && { epochLog }),
    }
  }
}

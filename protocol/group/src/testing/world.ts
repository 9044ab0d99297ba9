import type { CipherSuite } from "@qpc/crypto"
import { toHex } from "@qpc/wire"
import type { GroupEvent } from "../event.ts"
import { ALL_PERMISSIONS, DEFAULT_ROLES, MEMBER_ROLE } from "@qpc/gsp"
import type { RoleId } from "@qpc/gsp"
import type { Step } from "../step.ts"
import { Device } from "./device.ts"
import type { DeviceOptions, TestClock } from "./device.ts"
import { nth } from "./nth.ts"
import { OrderingService } from "./ordering-service.ts"
import type { SigningLog } from "./signing-log.ts"
import { seededWords } from "./seeded-random.ts"

/** What a group is like, beside how many are in it. */
type Makeup = Pick<DeviceOptions, "limits" | "onLayer" | "suites"> & { readonly roles?: ReadonlyMap<RoleId, number> }

/** Roles of a group in which everybody may do everything. */
export const EQUALS: ReadonlyMap<RoleId, number> = new Map([...DEFAULT_ROLES, [MEMBER_ROLE, ALL_PERMISSIONS]])

/** A delivery service and the devices around it, driven step by step. Everything repeats from the seed. */
export class World {
  readonly service: OrderingService
  readonly clock: TestClock = { nowMs: 1_800_000_000_000 }
  readonly devices: Device[] = []
  readonly #suite: CipherSuite
  readonly #seed: number
  readonly #log: SigningLog | undefined
  #made = 0

  /** @param log - Keeps a log of epochs, which all devices follow. */
  constructor(suite: CipherSuite, seed = 1, log?: SigningLog) {
    this.#suite = suite
    this.#seed = seed
    this.#log = log
    this.service = new OrderingService(log && ((outgoing) => log.label(outgoing)))
  }

  device(more: Pick<DeviceOptions, "limits" | "onLayer" | "person" | "suites"> = {}): Device {
    const seed = this.#seed * 1000 + this.#made++
    const epochLog = this.#log?.options
    const device = new Device({ suite: this.#suite, seed, clock: this.clock, ...more, ...(epochLog && { epochLog }) })
    this.devices.push(device)
    return device
  }

  /** Another device of the person whose first device this is. */
  secondDevice(first: Device, more: Pick<DeviceOptions, "limits"> = {}): Device {
    return this.device({ ...more, person: first.keys })
  }

  /** A group of `memberCount` devices in which nothing is under way. The events so far are forgotten. */
  group(memberCount: 1, more?: Makeup): [Device]
  group(memberCount: 2, more?: Makeup): [Device, Device]
  group(memberCount: 3, more?: Makeup): [Device, Device, Device]
  group(memberCount: number, more?: Makeup): Device[]
  group(memberCount: number, { roles, ...more }: Makeup = {}): Device[] {
    const members = Array.from({ length: memberCount }, () => this.device(more))
    const [founder, others] = [nth(members), members.slice(1)]
    founder.create("garden", roles)
    if (others.length > 0) founder.send({ kind: "invite", keyPackages: others.map((other) => other.keyPackage()) })
    this.settle()
    for (const member of members) member.events.length = 0
    return members
  }

  /** Lets the network run until nobody has anything to send or to receive. */
  settle(): void {
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const device of this.devices) {
        if (device.outbox.length > 0) isBusy = true
        device.flush(this.service)
        if (device.receiveNext(this.service)) isBusy = true
      }
    }
  }

  /** As {@link settle}, but who comes next is drawn from a seed: now sending, now receiving, now restarting. */
  settleShuffled(seed: number, restarts = false): void {
    const next = seededWords(seed)
    for (let busy = this.#busy(); busy.length > 0; busy = this.#busy()) {
      const device = busy[next() % busy.length]!
      if (restarts && device.isMember && next() % 4 === 0) device.restart()
      if (next() % 2 === 0) device.flush(this.service)
      else device.receiveNext(this.service)
    }
  }

  /** Lets time go by: everybody is ticked when they want to be, and the network does the rest. */
  run(forMs: number): void {
    const endMs = this.clock.nowMs + forMs
    for (let next = this.#nextAwake(); next !== undefined && next.wakeAtMs! <= endMs; next = this.#nextAwake()) {
      this.clock.nowMs = Math.max(this.clock.nowMs, next.wakeAtMs!)
      next.tick()
      this.settle()
    }
    this.clock.nowMs = endMs
  }

  #nextAwake(): Device | undefined {
    const waiting = this.devices.filter(({ wakeAtMs }) => wakeAtMs !== undefined)
    return waiting.toSorted((a, b) => a.wakeAtMs! - b.wakeAtMs!)[0]
  }

  #busy(): Device[] {
    return this.devices.filter((device) => {
      return device.outbox.length > 0 || this.service.inbox(device.inboxKey).length > 0
    })
  }
}

/** True if all devices are in the same epoch of the same group with the same people. */
export function agree(devices: readonly Device[]): boolean {
  const views = devices.map(({ member }) => {
    const people = member.members().map(({ identityKey, devices: theirs }) => {
      return [toHex(identityKey), ...theirs.map((one) => `${one.leafIndex}:${toHex(one.deviceKey)}`)].join(" ")
    })
    return [toHex(member.groupId), member.epoch, toHex(member.epochAuthenticator), member.name, ...people].join(" ")
  })
  return new Set(views).size === 1
}

/** Where a device stands in the tree that another has. */
export function leafOf({ member }: Device, { inboxKey }: Pick<Device, "inboxKey">): number {
  const all = member.members().flatMap(({ devices }) => devices)
  return nth(all.filter(({ deviceKey }) => toHex(deviceKey) === toHex(inboxKey))).leafIndex
}

/** The events of one kind that a device told of. */
export function told<Kind extends GroupEvent["kind"]>(
  device: Device,
  kind: Kind,
): Extract<GroupEvent, { kind: Kind }>[] {
  return device.events.filter((event): event is Extract<GroupEvent, { kind: Kind }> => event.kind === kind)
}

/** The first envelope that a step hands to the network. */
export function envelopeOf(step: Step): Uint8Array {
  return nth(nth(step.outgoing).deliveries).envelope
}

import type { CipherSuite } from "@qpc/crypto"
import { receiveEnvelope } from "@qpc/envelope"
import type { DeviceKey } from "@qpc/wire"
import type { Member } from "../member.ts"
import { askToRejoin } from "../rejoin/ask-to-rejoin.ts"
import type { AskedRejoin } from "../rejoin/ask-to-rejoin.ts"
import { confirmRejoin } from "../rejoin/confirm-rejoin.ts"
import type { ConfirmedRejoin } from "../rejoin/confirm-rejoin.ts"
import { enterAgain } from "../rejoin/enter-again.ts"
import type { EnterAgainOptions, EnteredAgain } from "../rejoin/enter-again.ts"
import type { Outgoing } from "../step.ts"
import type { Device } from "./device.ts"
import type { World } from "./world.ts"

/** A device that lost its group, and what its client does to come back, for tests. */
export class WayBack {
  readonly device: Device
  readonly #suite: CipherSuite
  readonly #world: World
  /** Who it was in the group; `undefined` for a device whose record is gone. */
  earlier: Member | undefined
  readonly #groupId
  asked: AskedRejoin | undefined
  /** Its request, as it left. */
  request: Outgoing | undefined
  /** Its commit. */
  entered: Extract<EnteredAgain, { kind: "entering" }> | undefined

  constructor(suite: CipherSuite, world: World, device: Device) {
    this.device = device
    this.#suite = suite
    this.#world = world
    this.earlier = device.member
    this.#groupId = device.member.groupId
  }

  /** Asks all whom it knew, or `recipients`. */
  ask(recipients: readonly DeviceKey[] = this.#known()): Outgoing {
    const { device, earlier } = this
    const { random, device: keys } = device.surroundings
    const lastEpoch = earlier?.epoch ?? 0n
    const about = { suite: this.#suite, groupId: this.#groupId, device: keys, lastEpoch, recipients, random }
    const { asked, outgoing } = askToRejoin({ ...about, nowMs: this.#world.clock.nowMs })
    this.asked = asked
    this.request = outgoing
    return outgoing
  }

  /** @param confirmation - what makes up for other roles */
  enter(envelope: Uint8Array, confirmation: Pick<EnterAgainOptions, "heard" | "isInsisted"> = {}): EnteredAgain {
    if (this.asked === undefined) throw new Error("nobody was asked")
    const { device, asked, earlier } = this
    const known = { suite: this.#suite, groupId: this.#groupId, self: device.self, earlier }
    const about = { ...known, ...confirmation, asked, envelope }
    const entered = enterAgain({ ...device.surroundings, ...about, nowMs: this.#world.clock.nowMs })
    if (entered.kind === "entering") this.entered = entered
    return entered
  }

  confirm(envelope: Uint8Array): ConfirmedRejoin {
    if (this.entered === undefined) throw new Error("nothing was committed")
    const { entered, earlier, device } = this
    const about = { suite: this.#suite, member: entered.member, envelope, by: entered.by, earlier }
    const confirmed = confirmRejoin({ ...device.surroundings, ...about })
    if (confirmed.kind === "joined") device.adopt(confirmed.member, confirmed.events)
    return confirmed
  }

  /** Takes the next envelope of one kind out of the inbox; the others before it are dropped. */
  next(kind: string): Uint8Array {
    for (;;) {
      const envelope = this.#world.service.take(this.device.inboxKey)
      if (envelope === undefined) throw new Error(`no ${kind} came`)
      const received = receiveEnvelope(envelope)
      if (received.kind === "envelope" && received.envelope.kind === kind) return envelope
    }
  }

  /** The whole way, with everybody else there. @param isInsisted - whatever roles others have by now */
  go(isInsisted: boolean = false): void {
    this.#world.service.offer(this.commit(isInsisted))
    const confirmed = this.confirm(this.next("commit"))
    if (confirmed.kind !== "joined") throw new Error(confirmed.kind)
    this.#world.settle()
  }

  /** The way up to our commit, which nobody has got. @param isInsisted - as for {@link go} */
  commit(isInsisted: boolean = false): Outgoing {
    this.askUntilAnswered(1)
    const entered = this.enter(this.next("rejoin_answer"), { isInsisted })
    if (entered.kind !== "entering") throw new Error(entered.kind)
    return entered.outgoing
  }

  /** Asks, and lets the others stand in line until so many have answered. */
  askUntilAnswered(answers: number): void {
    const { service } = this.#world
    service.offer(this.ask())
    for (let turns = 0; turns < 8 && service.inbox(this.device.inboxKey).length < answers; turns++) this.#settleOthers()
  }

  /** Lets the network run for everybody else, then a turn of answering go by. */
  #settleOthers(): void {
    const others = this.#world.devices.filter((device) => device !== this.device)
    for (const device of others) device.tick()
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const device of others) {
        device.flush(this.#world.service)
        if (device.receiveNext(this.#world.service)) isBusy = true
      }
    }
    this.#world.clock.nowMs += 10_000
  }

  #known(): readonly DeviceKey[] {
    const devices = this.earlier?.members().flatMap((person) => person.devices) ?? []
    return devices.map(({ deviceKey }) => deviceKey).filter((key) => key.join() !== this.device.inboxKey.join())
  }
}

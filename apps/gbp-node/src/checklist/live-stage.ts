import { randomBytes } from "node:crypto"
import { suite0001 } from "@qpc/crypto/node"
import { fromUtf8, toHex, toUtf8 } from "@qpc/wire"
import { LiveInvitee, LiveMember } from "gbp-stack"
import type { LiveIdentity, LiveMemberEvent, LiveMemberStep } from "gbp-stack"
import type { Carrier, Clock } from "./carrier.ts"
import { check } from "./check.ts"

const GROUP_ID_BYTES = 16
/** More deliveries than any scenario needs: a group that never comes to rest fails instead of running for ever. */
const DELIVERIES_MAX = 2_000

/** One member of a live scenario. */
interface Player {
  readonly member: LiveMember
  readonly events: LiveMemberEvent[]
  wakeAtMs: number | undefined
}

/** A frame for one member. */
interface UnderWay {
  readonly from: number
  readonly to: number
  readonly bytes: Uint8Array
}

/** Where scenarios of live groups are played: members whose control plane runs by itself, on frames and time. */
export class LiveStage implements Disposable {
  readonly #carrier: Carrier
  readonly #clock: Clock
  /** By member id. */
  readonly #players = new Map<number, Player>()
  readonly #underWay: UnderWay[] = []
  /** False for what does not get through. */
  passes: (from: number, to: number) => boolean = () => true

  constructor(carrier: Carrier, clock: Clock) {
    this.#carrier = carrier
    this.#clock = clock
  }

  /** Member 1 founds a group. */
  found(): void {
    const groupId = random(GROUP_ID_BYTES)
    this.#enter(LiveMember.create({ ...identity("member 1"), groupId, memberId: 1, nowMs: this.#clock.nowMs }))
  }

  /** Member 1 lets somebody in. @returns whether it came to that. @param accepts - what the newcomer thinks of later ones */
  async invite(memberId: number, accepts?: LiveIdentity["accepts"]): Promise<boolean> {
    const { nowMs } = this.#clock
    const about = { ...identity(`member ${memberId}`), memberId, nowMs, ...(accepts && { accepts }) }
    using invitee = LiveInvitee.create(about)
    const keyPackage = await this.#carrier.carry(`member ${memberId}`, "member 1", invitee.keyPackage)
    const before = this.#told(1, "welcome").length
    this.#take(1, this.at(1).invite(keyPackage, this.#clock.nowMs))
    await this.settle(INVITE_MS)
    const invitation = this.#told(1, "welcome")[before]
    if (invitation === undefined) return false
    const welcome = await this.#carrier.carry("member 1", `member ${memberId}`, invitation.welcome)
    const joined = invitee.join({ welcome, transitionId: invitation.transitionId }, this.#clock.nowMs)
    check(joined.kind === "joined", `member ${memberId} comes in by its Welcome`)
    // The newcomer has to say that it is ready, like everybody: whether it came in shows afterwards.
    this.#enter(joined.member)
    await this.settle(INVITE_MS)
    if (this.at(1).memberIds.includes(memberId)) return true
    this.lose(memberId)
    return false
  }

  /** A member of the group. */
  at(memberId: number): LiveMember {
    return this.#players.get(memberId)!.member
  }

  /** Does what came of a call to a member. */
  act(memberId: number, call: (member: LiveMember, nowMs: number) => LiveMemberStep): void {
    this.#take(memberId, call(this.at(memberId), this.#clock.nowMs))
  }

  /** A member is gone for good, and its connections break. */
  lose(memberId: number): void {
    this.at(memberId)[Symbol.dispose]()
    this.#players.delete(memberId)
    for (const other of this.#players.keys()) this.act(other, (member, nowMs) => member.unreachable(memberId, nowMs))
  }

  /** Carries frames and lets time pass, for so long at least. */
  async settle(forMs: number): Promise<void> {
    const untilMs = this.#clock.nowMs + forMs
    for (let deliveries = 0; deliveries < DELIVERIES_MAX; deliveries++) {
      const next = this.#underWay.shift()
      if (next !== undefined) await this.#deliver(next)
      else if (this.#clock.nowMs >= untilMs) return
      else this.#passTime(untilMs)
      this.#tick()
    }
    check(false, "the group to come to rest")
  }

  /** Everybody says something, and has read all the others. */
  async checkTalk(...memberIds: readonly number[]): Promise<void> {
    const said = `in epoch ${this.at(memberIds[0]!).epoch}, at ${this.#clock.nowMs}`
    for (const memberId of memberIds) {
      const payload = toUtf8(`member ${memberId} ${said}`)
      this.act(memberId, (member, nowMs) => member.send({ streamType: "text", payload }, nowMs))
    }
    await this.settle(0)
    for (const to of memberIds) {
      const read = new Set(this.#told(to, "payload").map(({ received }) => fromUtf8(received.content.payload)))
      for (const from of memberIds) {
        check(from === to || read.has(`member ${from} ${said}`), `member ${to} reads member ${from} ${said}`)
      }
    }
  }

  /** How many epochs these members are in; see RFC 9420 §8.7. */
  epochCount(...memberIds: readonly number[]): number {
    return new Set(memberIds.map((memberId) => toHex(this.at(memberId).epochAuthenticator()))).size
  }

  [Symbol.dispose](): void {
    for (const { member } of this.#players.values()) member[Symbol.dispose]()
  }

  #enter(member: LiveMember): void {
    this.#players.set(member.memberId, { member, events: [], wakeAtMs: undefined })
    this.#take(member.memberId, member.begin(this.#clock.nowMs))
  }

  #take(memberId: number, { frames, events, wakeAtMs }: LiveMemberStep): void {
    const player = this.#players.get(memberId)!
    player.events.push(...events)
    player.wakeAtMs = wakeAtMs
    for (const { to, bytes } of frames) {
      const others = to === "all" ? [...this.#players.keys()].filter((other) => other !== memberId) : [to]
      for (const other of others) this.#underWay.push({ from: memberId, to: other, bytes })
    }
  }

  async #deliver({ from, to, bytes }: UnderWay): Promise<void> {
    if (!this.#players.has(to) || !this.passes(from, to)) return
    const arrived = await this.#carrier.carry(`member ${from}`, `member ${to}`, bytes)
    this.act(to, (member, nowMs) => member.receive(arrived, nowMs))
  }

  #tick(): void {
    for (const [memberId, { wakeAtMs }] of this.#players) {
      if (wakeAtMs !== undefined && wakeAtMs <= this.#clock.nowMs) this.act(memberId, (member, now) => member.tick(now))
    }
  }

  #passTime(untilMs: number): void {
    const wakes = [...this.#players.values()].flatMap(({ wakeAtMs }) => wakeAtMs ?? [])
    this.#clock.advance(Math.max(1, Math.min(untilMs, ...wakes) - this.#clock.nowMs))
  }

  #told<K extends LiveMemberEvent["kind"]>(memberId: number, kind: K): Extract<LiveMemberEvent, { kind: K }>[] {
    const { events } = this.#players.get(memberId)!
    return events.filter((event): event is Extract<LiveMemberEvent, { kind: K }> => event.kind === kind)
  }
}

/** Long enough for a transition that has to be tried again. */
const INVITE_MS = 500

function identity(name: string): LiveIdentity {
  const signatureKeys = suite0001.signatureKeyPair(random(suite0001.sizes.signatureSeedBytes))
  return { suite: suite0001, credential: { kind: "basic", identity: toUtf8(name) }, signatureKeys, random }
}

function random(lengthBytes: number): Uint8Array {
  return new Uint8Array(randomBytes(lengthBytes))
}

import { suite0001 } from "@qpc/crypto/node"
import { fromUtf8, toHex, toUtf8 } from "@qpc/wire"
import { LiveInvitee } from "../live-invitee.ts"
import { LiveMember } from "../live-member.ts"
import type { LiveMemberEvent, LiveMemberStep } from "../live-member-step.ts"

const START_MS = 1_800_000_000_000
const STEP_MS = 10

/** Members of a live group over MLS, who hear each other after ten milliseconds unless a test says otherwise. For tests only. */
export class LiveParty {
  readonly members = new Map<number, LiveMember>()
  readonly events = new Map<number, LiveMemberEvent[]>()
  readonly #wakeAtMs = new Map<number, number | undefined>()
  readonly #seed: string
  #drawn = 0
  #underWay: { readonly to: number; readonly bytes: Uint8Array }[] = []
  nowMs = START_MS
  /** Who hears and does nothing. */
  readonly off = new Set<number>()
  passes: (to: number, bytes: Uint8Array, from: number) => boolean = () => true

  constructor(seed: string) {
    this.#seed = seed
    const { nowMs } = this
    this.enter(LiveMember.create({ ...this.identity(1), groupId: this.random(16), memberId: 1, nowMs }))
  }

  /** A group of these many members. */
  static of(seed: string, count: number): LiveParty {
    const party = new LiveParty(seed)
    for (let id = 2; id <= count; id++) party.add(1, id)
    return party
  }

  readonly random = (lengthBytes: number): Uint8Array => {
    const bytes = suite0001.expand(suite0001.hash(toUtf8(this.#seed)), toUtf8(String(this.#drawn++)), lengthBytes)
    return bytes
  }

  at(id: number): LiveMember {
    return this.members.get(id)!
  }

  /** What a member could be in the group with. */
  identity(id: number) {
    const signatureKeys = suite0001.signatureKeyPair(this.random(suite0001.sizes.signatureSeedBytes))
    const credential = { kind: "basic", identity: toUtf8(`member ${id}`) } as const
    return { suite: suite0001, credential, signatureKeys, random: this.random }
  }

  invitee(id: number): LiveInvitee {
    return LiveInvitee.create({ ...this.identity(id), memberId: id, nowMs: this.nowMs })
  }

  /** `by` lets somebody in, and they come. */
  add(by: number, id: number): void {
    using invitee = this.invitee(id)
    this.take(by, this.at(by).invite(invitee.keyPackage, this.nowMs))
    const invitation = this.told(by, "welcome").at(-1)
    if (invitation === undefined) return
    const joined = invitee.join(invitation, this.nowMs)
    if (joined.kind === "rejected") throw new Error(joined.reason)
    this.enter(joined.member)
    this.run(100)
  }

  enter(member: LiveMember): void {
    this.members.set(member.memberId, member)
    this.events.set(member.memberId, [])
    this.take(member.memberId, member.begin(this.nowMs))
  }

  /** Does what came of a call. */
  take(id: number, { frames, events, wakeAtMs }: LiveMemberStep): void {
    this.#wakeAtMs.set(id, wakeAtMs)
    this.events.get(id)!.push(...events)
    for (const { to, bytes } of frames) {
      const others = to === "all" ? [...this.members.keys()].filter((one) => one !== id) : [to]
      for (const one of others) if (this.passes(one, bytes, id)) this.#underWay.push({ to: one, bytes })
    }
  }

  /** Gives a member bytes, whoever they are from. */
  deliver(to: number, bytes: Uint8Array): void {
    const member = this.members.get(to)
    if (member !== undefined && !this.off.has(to)) this.take(to, member.receive(bytes, this.nowMs))
  }

  run(forMs: number): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; this.nowMs += STEP_MS) {
      for (const { to, bytes } of this.#underWay.splice(0)) this.deliver(to, bytes)
      for (const [id, member] of this.members) {
        const dueMs = this.#wakeAtMs.get(id)
        if (!this.off.has(id) && dueMs !== undefined && dueMs <= this.nowMs) this.take(id, member.tick(this.nowMs))
      }
    }
  }

  say(id: number, text: string): void {
    this.take(id, this.at(id).send({ streamType: "text", payload: toUtf8(text) }, this.nowMs))
  }

  told<K extends LiveMemberEvent["kind"]>(id: number, kind: K): Extract<LiveMemberEvent, { kind: K }>[] {
    return this.events.get(id)!.filter((event): event is Extract<LiveMemberEvent, { kind: K }> => event.kind === kind)
  }

  /** What a member read, with who wrote it. */
  texts(id: number): string[] {
    return this.told(id, "payload").map(
      ({ senderId, received }) => `${senderId}: ${fromUtf8(received.content.payload)}`,
    )
  }

  /** How many different epochs these members are in. */
  epochs(...ids: readonly number[]): number {
    return new Set(ids.map((id) => toHex(this.at(id).epochAuthenticator()))).size
  }
}

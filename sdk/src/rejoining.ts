import type { RejoinWitness } from "@qpc/group"
import { equalBytes, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Clock } from "./clock.ts"
import type { Profile } from "./profile.ts"
import type { RejoinRecord } from "./rejoin-record.ts"

/** Nobody is asked again later than this. */
export const LONGEST_WAIT_MS: number = 24 * 3_600_000

/**
 * True while it is not yet time to go on with a lost group. What waits for longer than anybody ever waits got its time from a clock that
 * was ahead and has been set back.
 */
export function isWaiting({ stage, nextAtMs }: RejoinRecord, nowMs: number): boolean {
  return stage.at !== "stopped" && nextAtMs > nowMs && nextAtMs - nowMs <= LONGEST_WAIT_MS
}

/** One lost group. */
interface Lost {
  readonly groupId: GroupId
  readonly record: RejoinRecord
}

/** The groups that this device lost, as the store has them, and when it is time to go on with one. */
export class Rejoining {
  readonly #clock: Clock
  readonly #goOn: () => void
  readonly #byGroup = new Map<string, Lost>()
  /** In memory: whoever starts anew asks again anyway. */
  readonly #heard = new Map<string, readonly RejoinWitness[]>()
  #timer: Disposable | undefined
  #isClosed = false

  /** @param goOn - Does what is due; deals with its own failures. */
  constructor(clock: Clock, goOn: () => void) {
    this.#clock = clock
    this.#goOn = goOn
  }

  async load(profile: Profile): Promise<void> {
    for await (const { groupId, record } of profile.rejoins()) this.#byGroup.set(toHex(groupId), { groupId, record })
  }

  find(groupId: GroupId): RejoinRecord | undefined {
    return this.#byGroup.get(toHex(groupId))?.record
  }

  all(): readonly Lost[] {
    return [...this.#byGroup.values()]
  }

  set(groupId: GroupId, record: RejoinRecord): void {
    if (record.stage !== this.find(groupId)?.stage) this.#zero(groupId)
    this.#byGroup.set(toHex(groupId), { groupId, record })
    this.schedule()
  }

  /** The newest answer of each person who was in the group as we knew it, where others have other roles by now. */
  heard(groupId: GroupId): readonly RejoinWitness[] {
    return this.#heard.get(toHex(groupId)) ?? []
  }

  hear(groupId: GroupId, witness: RejoinWitness): void {
    const others = this.heard(groupId).filter(({ by }) => !equalBytes(by, witness.by))
    this.#heard.set(toHex(groupId), [...others, witness])
  }

  forget(groupId: GroupId): void {
    this.#zero(groupId)
    this.#heard.delete(toHex(groupId))
    this.#byGroup.delete(toHex(groupId))
    this.schedule()
  }

  #zero(groupId: GroupId): void {
    const stage = this.find(groupId)?.stage
    if (stage?.at === "asked") stage.privateKey.fill(0)
    if (stage?.at === "committed") stage.member.fill(0)
  }

  /** Sets the alarm for whatever is next; what is overdue waits for a connection. */
  schedule(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    const nowMs = this.#clock.unixMs()
    const due = this.all().flatMap(({ record }) => (isWaiting(record, nowMs) ? [record.nextAtMs] : []))
    if (due.length === 0 || this.#isClosed) return
    this.#timer = this.#clock.setTimer(Math.min(...due) - nowMs, () => this.#goOn())
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.[Symbol.dispose]()
    for (const { groupId } of this.all()) this.forget(groupId)
  }
}

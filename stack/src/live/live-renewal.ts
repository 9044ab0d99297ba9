import { ERROR_REGISTRY } from "@qpc/gbp"
import type { Group } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import type { LiveChange } from "./live-change.ts"
import type { LiveMemberEvent } from "./live-member-step.ts"
import { OwnUpdate } from "./own-update.ts"

/** How often the coordinator is asked; half a minute altogether. Milliseconds. */
const ASK_EVERY_MS = 2_000
const ASKS_MAX = 15

/** What is to be done for new keys of ours. */
export type RenewalStep =
  /** Nothing but to tell of this, if it is anything: that it is done, or that nobody committed it. */
  | { readonly kind: "told"; readonly events: readonly LiveMemberEvent[] }
  /** We are coordinator by now: our own commit renews our leaf. */
  | { readonly kind: "commit"; readonly change: LiveChange }
  /** For the coordinator: an MLSMessage. */
  | { readonly kind: "ask"; readonly update: Uint8Array }

/** Where we stand in the group. */
interface Standing {
  readonly nowMs: number
  /** Nothing else is under way. */
  readonly isFree: boolean
  readonly memberId: number
  readonly coordinatorId: number
}

/** Has our leaf renewed by whoever is coordinator: makes an Update, and asks until a commit has it. */
export class LiveRenewal implements Disposable {
  readonly #group: Group
  readonly #random: Random
  #state: { readonly asks: number; readonly askAtMs: number } | "idle" | "done" = "idle"
  #update: OwnUpdate | undefined

  constructor(group: Group, random: Random) {
    this.#group = group
    this.#random = random
  }

  /** From now on new keys are wanted. */
  want(nowMs: number): void {
    if (typeof this.#state === "string") this.#state = { asks: 0, askAtMs: nowMs }
  }

  /** Call {@link next} no later than this. */
  get wakeAtMs(): number | undefined {
    return typeof this.#state === "string" ? undefined : this.#state.askAtMs
  }

  /** What is to be done now. */
  next({ nowMs, isFree, memberId, coordinatorId }: Standing): RenewalStep {
    if (this.#state === "done") return this.#end({ kind: "told", events: [{ kind: "change_done", change: CHANGE }] })
    if (this.#state === "idle" || nowMs < this.#state.askAtMs) return IDLE
    const { asks } = this.#state
    if (asks === ASKS_MAX) return this.#end({ kind: "told", events: [failed(coordinatorId)] })
    this.#state = { asks: asks + 1, askAtMs: nowMs + ASK_EVERY_MS }
    if (!isFree) return IDLE
    if (coordinatorId === memberId) return this.#end({ kind: "commit", change: CHANGE })
    return { kind: "ask", update: this.#ofThisEpoch(nowMs).message }
  }

  /** Puts an Update that a commit brings along among what it may refer to. Returns false if it is none of ours. */
  queueIfOurs(update: Uint8Array): boolean {
    const own = this.#update
    return own !== undefined && equalBytes(own.message, update) && own.queue()
  }

  /** A commit took effect. */
  merged(hasRenewedUs: boolean): void {
    this.#forget()
    if (hasRenewedUs && typeof this.#state !== "string") this.#state = "done"
  }

  [Symbol.dispose](): void {
    this.#forget()
  }

  #end(step: RenewalStep): RenewalStep {
    this.#state = "idle"
    return step
  }

  #ofThisEpoch(nowMs: number): OwnUpdate {
    // Of this epoch, if there is one: a commit that takes effect ends it.
    this.#update ??= OwnUpdate.make(this.#group, this.#random, nowMs)
    return this.#update
  }

  #forget(): void {
    this.#update?.[Symbol.dispose]()
    this.#update = undefined
  }
}

function failed(coordinatorId: number): LiveMemberEvent {
  const { code } = ERROR_REGISTRY.READY_TIMEOUT
  return { kind: "change_failed", change: CHANGE, code, silent: [coordinatorId], objectors: [] }
}

const CHANGE: LiveChange = { kind: "update_keys" }
const IDLE: RenewalStep = { kind: "told", events: [] }

import type { ErrorName } from "@qpc/gbp"
import { ERROR_REGISTRY } from "@qpc/gbp"
import type { GroupEvent } from "./event.ts"
import type { Outgoing, Step } from "./step.ts"

/** A step while it is being made. */
export class Draft {
  readonly #outgoing: Outgoing[] = []
  readonly #events: GroupEvent[] = []
  /** Leaves that the commit in this step lets go because they asked to. */
  asked: readonly number[] = []

  send(outgoing: Outgoing): void {
    this.#outgoing.push(outgoing)
  }

  tell(event: GroupEvent): void {
    this.#events.push(event)
  }

  /** Tells of bytes that were not delivered. */
  drop(reason: string, error: ErrorName): void {
    this.tell({ kind: "dropped", reason, code: ERROR_REGISTRY[error].code })
  }

  finish(wakeAtMs: number | undefined): Step {
    return { outgoing: this.#outgoing, events: this.#events, wakeAtMs }
  }
}

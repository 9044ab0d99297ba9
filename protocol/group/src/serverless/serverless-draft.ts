import type { ErrorName } from "@qpc/gbp"
import { ERROR_REGISTRY } from "@qpc/gbp"
import { equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { Draft } from "../draft.ts"
import type { Outgoing } from "../step.ts"
import type { ServerlessEvent, ServerlessOutgoing, ServerlessStep } from "./serverless-event.ts"

/** A step while it is being made. */
export class ServerlessDraft {
  readonly #self: IdentityKey
  readonly #outgoing: ServerlessOutgoing[] = []
  readonly #events: ServerlessEvent[] = []

  constructor(self: IdentityKey) {
    this.#self = self
  }

  tell(event: ServerlessEvent): void {
    this.#events.push(event)
  }

  /** Tells of bytes that were not delivered. */
  drop(reason: string, error: ErrorName): undefined {
    this.tell({ kind: "dropped", reason, code: ERROR_REGISTRY[error].code })
  }

  /**
   * Lets what is the same with a delivery service add to the step. Nobody echoes our messages to us here: `false` if one of them
   * was for nobody else.
   */
  add(change: (draft: Draft) => void): boolean {
    const draft = new Draft()
    change(draft)
    const { outgoing, events } = draft.finish(undefined)
    this.#events.push(...events)
    const carried = outgoing.map((one) => withoutEcho(one, this.#self))
    this.#outgoing.push(...carried.filter(({ deliveries }) => deliveries.length > 0))
    return carried.every(({ deliveries }) => deliveries.length > 0)
  }

  finish(wakeAtMs: number | undefined): ServerlessStep {
    return { outgoing: this.#outgoing, events: this.#events, wakeAtMs }
  }
}

function withoutEcho({ messageId, groupId, deliveries, claim }: Outgoing, self: IdentityKey): ServerlessOutgoing {
  const others = deliveries.flatMap(({ recipients, envelope }) => {
    const left = recipients.filter((recipient) => !equalBytes(recipient, self))
    return left.length === 0 ? [] : [{ recipients: left, envelope }]
  })
  return { messageId, groupId, deliveries: others, isCommit: claim !== undefined }
}

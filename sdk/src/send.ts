import type { Content, GroupEvent, Member } from "@qpc/group"
import { toUtf8, uuidText } from "@qpc/wire"
import { INVITE_AGAIN, REJOIN } from "./ask-member.ts"
import { CHANGE_FAILURES, isChangeFailure } from "./change-failure.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { Sent } from "./model.ts"
import { OWN_STEP, recordStep } from "./record-step.ts"
import { assertNotHalted } from "./server-proof.ts"
import { Transaction } from "./transaction.ts"

/**
 * The way down: what a person wants becomes sealed bytes in the outbox, the member's new state and a line of the history,
 * in one transaction. The network comes later and may come late; {@link Outbox} brings it there.
 *
 * @throws ClientError `not_a_member`, `text_too_long`, `group_refused`, `busy`, `store_full`: then nothing happened
 */
export function send(context: Context, member: () => Member, content: Content): Promise<Sent> {
  return context.turn.take(async () => {
    checkRoom(context)
    if (content.kind !== "text") assertNotHalted(context)
    const { tracer, clock } = context
    const text = content.kind === "text" ? content.text : ""
    const sizeBytes = toUtf8(text).length
    tracer.begin()
    tracer.line({ layer: "sdk", direction: "down", bytesIn: sizeBytes, bytesOut: sizeBytes })
    const sender = member()
    const step = sender.send(content, clock.unixMs())
    for (const event of step.events) if (event.kind === "refused") throw refusal(event)
    await Transaction.run(context, "down", (tx) => recordStep(context, tx, sender, step, { ...OWN_STEP, text }))
    return outcome(step.events)
  })
}

function checkRoom({ outbox, limits }: Context): void {
  if (outbox.count < limits.outboxRows) return
  const nextStep = "Connect to the server, so that the waiting messages can leave."
  throw new ClientError("busy", `${outbox.count} messages wait for the network`, { nextStep, retryable: true })
}

function outcome(events: readonly GroupEvent[]): Sent {
  for (const event of events) {
    if (event.kind === "text_sealed" || event.kind === "text_queued")
      return { id: uuidText(event.messageId), state: "stored" }
    if (event.kind === "intent_queued") return { id: uuidText(event.intentId), state: "stored" }
  }
  throw new Error("unreachable: a member answers every content with a sealed text, an intent, or a refusal")
}

function refusal({ reason }: GroupEvent & { readonly kind: "refused" }): ClientError {
  if (reason !== "key_package_rejected" && isChangeFailure(reason)) {
    const { what, nextStep } = CHANGE_FAILURES[reason]
    return new ClientError("group_refused", what, { nextStep })
  }
  switch (reason) {
    case "not_a_member":
      return new ClientError("not_a_member", "you are no longer a member of this group", {
        nextStep: INVITE_AGAIN,
      })
    case "must_rejoin":
      return new ClientError("must_rejoin", "this profile cannot follow the group any more", {
        nextStep: REJOIN,
      })
    case "leaving":
      return new ClientError("not_a_member", "you are leaving this group", {
        nextStep: "Wait until a member is online, or stay in touch elsewhere.",
      })
    case "too_many_texts":
      return new ClientError("busy", "too many messages wait until somebody has left the group", {
        nextStep: "Wait until they are gone; that takes another member who is online, or the server.",
        retryable: true,
      })
    case "text_too_large":
      return new ClientError("text_too_long", "the text is too long", { nextStep: "Send it in several messages." })
    case "server_equivocated":
      throw new Error("unreachable: it was refused before the member was asked")
    case "key_package_rejected":
      return new ClientError("key_package_refused", "the key package that the server handed out cannot be used", {
        nextStep: "Try again, it will be another one; ask them to update qpc if it stays so.",
      })
    case "too_many_intents":
      return new ClientError("busy", "too many changes of the group are waiting", {
        nextStep: "Wait until they are done.",
        retryable: true,
      })
    case "epoch_exhausted":
      return new ClientError("group_refused", "the group's keys are used up", {
        nextStep: "Change the group, for instance by inviting somebody; that makes new keys.",
      })
  }
}

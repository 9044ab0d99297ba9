import { receiveEnvelope } from "@qpc/group"
import type { EnvelopeKind, Outgoing } from "@qpc/group"
import type { OutboxRecord } from "./records.ts"

/** What the envelopes of a message are, by the first of them; `undefined` for one that no release of ours made. */
export function envelopeKindOf({ deliveries: [first] }: Outgoing): EnvelopeKind | undefined {
  const received = first && receiveEnvelope(first.envelope)
  return received?.kind === "envelope" ? received.envelope.kind : undefined
}

/** True for what members help each other with to texts that did not come; people hear of the texts only. */
export function isControl({ outgoing, sentId }: Pick<OutboxRecord, "outgoing" | "sentId">): boolean {
  return sentId === undefined && outgoing.claim === undefined && envelopeKindOf(outgoing) === "application"
}

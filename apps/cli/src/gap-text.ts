import type { TextGap, TextLossReason } from "@qpc/sdk"
import { countText, hex, personText } from "./text.ts"

/** What is missing, or what became of it, in words. */
export function gapText(gap: TextGap): string {
  const { sender, from, to, state } = gap
  const count = to - from + 1
  const numbers = from === to ? `${from}` : `${from}–${to}`
  const { firstEpoch, lastEpoch } = gap
  const epochs = firstEpoch === lastEpoch ? `epoch ${firstEpoch}` : `epochs ${firstEpoch}–${lastEpoch}`
  const what = `${countText(count, "message")} of ${personText(sender)} (${numbers}, ${epochs})`
  const [is, has] = count === 1 ? ["is", "has"] : ["are", "have"]
  switch (state) {
    case "asking":
      return `(${what} ${is} missing; asking the others)`
    case "delivered":
      return `(${what} ${has} come after all)`
    case "given_up":
      return `(${what}: nobody got ${count === 1 ? "it" : "them"}, the server had refused ${count === 1 ? "it" : "them"})`
    case "lost":
      return `(${what} cannot be had: ${LOSSES[gap.reason ?? "nobody_has_it"]})`
  }
}

const LOSSES: Readonly<Record<TextLossReason, string>> = {
  keys_gone: "the group has moved on, and the keys are gone. Ask them to write it again.",
  nobody_has_it: "nobody who was asked has it any more. Ask them to write it again.",
  too_many_gaps: "too much of theirs is missing. Ask them over another way whether they can read you.",
  sender_replaced: "the device that wrote it is not in the group any more.",
  not_a_member: "you are out of the group.",
}

/** The same for programs. */
export function gapJson(gap: TextGap): Record<string, unknown> {
  const { position, sender, from, to, firstEpoch, lastEpoch, state, reason } = gap
  return {
    position,
    sender: { username: sender.username, identityKey: hex(sender.identityKey) },
    from,
    to,
    firstEpoch: `${firstEpoch}`,
    lastEpoch: `${lastEpoch}`,
    state,
    ...(reason === undefined ? {} : { reason }),
  }
}

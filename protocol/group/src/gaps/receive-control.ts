import { receiveEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { decodeControl, OPCODE_REDELIVERY_ANSWER, OPCODE_REDELIVERY_ASK } from "@qpc/gbp"
import type { ReceivedPayload } from "@qpc/gbp"
import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import type { MemberState } from "../member-state.ts"
import { leavesOf } from "../roster.ts"
import type { Device, Leaf } from "../roster.ts"
import { answerAsk } from "./answer.ts"
import { askNext, isAbout, settleAsks } from "./ask.ts"
import { decodeAnswer, decodeAsk } from "./redelivery-message.ts"
import type { OpenAsk } from "./redelivery.ts"
import { tellClosed } from "./tell.ts"

/** What {@link receiveControl} needs beside the frame. */
export interface ControlSurroundings {
  readonly nowMs: number
  /** Whose frame it is. */
  readonly device: Device
  /** Takes in an envelope of the text stream as if the network had delivered it. */
  readonly openText: (envelope: Envelope, bytes: Uint8Array) => void
}

/** Takes in a frame of the control stream: somebody asks for texts, or somebody whom we asked answers. */
export function receiveControl(
  state: MemberState,
  { content, senderLeafIndex }: ReceivedPayload,
  surroundings: ControlSurroundings,
  draft: Draft,
): void {
  const { payload, payloadFormat } = content
  const message = decodedOrUndefined(() => decodeControl(payload, state.limits.envelopeBytes))
  if (message === undefined || payloadFormat !== 0) return draft.drop("malformed_control", "STREAM_POLICY_VIOLATION")
  const { opcode, requestId, args } = message
  if (message.senderId !== senderLeafIndex) return draft.drop("sender_mismatch", "STREAM_POLICY_VIOLATION")
  const by = leavesOf(state.group).find(({ deviceKey }) => equalBytes(deviceKey, surroundings.device.deviceKey))
  // What somebody asked who has gone meanwhile is of no use to anybody.
  if (by === undefined) return
  switch (opcode) {
    case OPCODE_REDELIVERY_ASK: {
      const ask = decodeAsk(args)
      if (ask === undefined) return draft.drop("malformed_control", "STREAM_POLICY_VIOLATION")
      return answerAsk(state, { by, requestId, ask }, surroundings.nowMs, draft)
    }
    case OPCODE_REDELIVERY_ANSWER:
      return takeAnswer(state, { by, requestId, args }, surroundings, draft)
    default:
      return draft.drop("opcode_not_spoken", "STREAM_POLICY_VIOLATION")
  }
}

/**
 * Takes in an answer, the only one to its ask. A text in it is opened like any other, with the keys of its own epoch: only what its author
 * signed opens, only once, and nothing that the helper did to it or to its label uses up a key.
 */
function takeAnswer(
  state: MemberState,
  answer: { readonly by: Leaf; readonly requestId: number; readonly args: Uint8Array },
  { nowMs, openText }: ControlSurroundings,
  draft: Draft,
): void {
  const { redelivery, gaps } = state
  const ask = openAsk(state, answer)
  if (ask === undefined) return draft.drop("answer_not_asked", "STREAM_POLICY_VIOLATION")
  redelivery.drop(({ requestId }) => requestId === ask.requestId)
  const content = decodeAnswer(answer.args)
  if (content === undefined) draft.drop("malformed_control", "STREAM_POLICY_VIOLATION")
  else {
    takeTexts(state, { ask, envelopes: content.envelopes, openText }, draft)
    takeGivenUp(state, { ask, by: answer.by, numbers: content.givenUp }, draft)
  }
  for (const placed of gaps.all()) {
    if (!isAbout(ask, placed)) continue
    placed.gap.dueAtMs = nowMs
    gaps.touch(placed.sender)
  }
  if (state.isActive) askNext(state, nowMs, draft)
}

/** No more of them than were asked for. */
function takeTexts(
  state: MemberState,
  { ask, envelopes, openText }: Pick<ControlSurroundings, "openText"> & TextsToTake,
  draft: Draft,
): void {
  for (const [at, bytes] of envelopes.entries()) {
    // A text may show that we are a copy, which ends the membership.
    if (!state.isActive) return
    const received = receiveEnvelope(bytes, { sizeBytes: state.limits.envelopeBytes })
    if (received.kind === "drop") draft.drop("answer_malformed", "STREAM_POLICY_VIOLATION")
    else if (at > ask.to - ask.from || !isAskedFor(state, ask, received.envelope)) {
      draft.drop("answer_not_asked", "STREAM_POLICY_VIOLATION")
    } else openText(received.envelope, bytes)
  }
}

interface TextsToTake {
  readonly ask: OpenAsk
  readonly envelopes: readonly Uint8Array[]
}

function takeGivenUp(
  state: MemberState,
  { ask, by, numbers }: { readonly ask: OpenAsk; readonly by: Leaf; readonly numbers: readonly number[] },
  draft: Draft,
): void {
  if (numbers.length === 0) return
  // Nobody gives up what another wrote.
  if (!equalBytes(ask.device, by.deviceKey)) return draft.drop("answer_not_theirs", "STREAM_POLICY_VIOLATION")
  const sender = state.gaps.find(ask.device, ask.since)
  if (sender === undefined) return
  const named = numbers.filter((number) => ask.from <= number && number <= ask.to)
  for (const closed of state.gaps.giveUp(sender, named)) tellClosed(sender, closed, draft)
  settleAsks(state)
}

/** The ask that this may be an answer to. */
function openAsk(
  { redelivery }: MemberState,
  { by, requestId }: { readonly by: Leaf; readonly requestId: number },
): OpenAsk | undefined {
  return redelivery.asks.find((ask) => {
    return ask.requestId === requestId && equalBytes(ask.helper, by.deviceKey)
  })
}

/** As far as a label tells. Who wrote the text and which number it has shows when it is opened. */
function isAskedFor({ groupId, keys }: MemberState, ask: OpenAsk, { kind, groupId: of, epoch }: Envelope): boolean {
  const isOfGap = epoch >= ask.firstEpoch && epoch <= ask.lastEpoch
  return kind === "application" && equalBytes(of, groupId) && isOfGap && epoch >= keys.oldestEpoch
}

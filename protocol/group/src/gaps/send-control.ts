import { sendEnvelope } from "@qpc/envelope"
import { encodeControl } from "@qpc/gbp"
import { newMessageId } from "@qpc/wire"
import type { DeviceKey } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import { frameContext, ownLabel } from "../follow-log.ts"
import type { MemberState } from "../member-state.ts"

/** One message of the control stream, for one member. */
export interface ControlToSend {
  readonly opcode: number
  readonly requestId: number
  readonly args: Uint8Array
  readonly recipient: DeviceKey
}

/**
 * Seals a control message as an ordinary application message and hands it to the network for one member. Its bytes look like those of a
 * text, but whoever delivers it sees that it has one recipient. Not while a proposal waits for a commit (RFC 9420 §12.4).
 *
 * @returns false if nothing was sent: no carrier would take it, or this epoch has had {@link GroupLimits.controlsPerEpoch}
 */
export function sendControl(state: MemberState, message: ControlToSend, nowMs: number, draft: Draft): boolean {
  const { group, groupId, keys, limits, random, redelivery } = state
  if (!redelivery.maySeal(keys.epoch, limits.controlsPerEpoch)) return false
  const { opcode, requestId, args, recipient } = message
  const payload = encodeControl({ opcode, requestId, senderId: group.ownLeafIndex, transitionId: 0, args })
  keys.payloadBytes = payload.length
  const log = ownLabel(state)
  const label = { kind: "application", groupId, epoch: keys.epoch, ...(log && { log }) } as const
  const context = frameContext(label)
  const framed = state.sender.send({ streamType: "control", payload, ...(context && { context }) })
  if (framed.kind === "refused") return false
  // What is sealed has used up its key, whether it is sent or not.
  redelivery.sealed(keys.epoch)
  const enveloped = sendEnvelope({ ...label, sealed: framed.bytes }, { sizeBytes: limits.envelopeBytes })
  if (enveloped.kind === "too_large") return false
  const deliveries = [{ recipients: [recipient], envelope: enveloped.bytes }]
  draft.send({ messageId: newMessageId(nowMs, random), groupId, deliveries })
  return true
}

import { decodedOrUndefined } from "@qpc/wire"
import type { Acknowledgement } from "./acknowledgement.ts"
import { dropError } from "./drop-reason.ts"
import type { DropReason } from "./drop-reason.ts"
import { CBOR_SIGNALS } from "./message.ts"
import type { SignalCodec, SignalMessage } from "./message.ts"
import type { LoggedSignal, SignalLog } from "./signal-log.ts"
import { decodeArgs, signalTypeFromWire } from "./signal.ts"
import type { Signal } from "./signal.ts"

/** A payload that arrived on a signal stream, and who sent it. */
export interface ArrivedSignal {
  /** The member id that the frame's signature stands for. */
  readonly senderId: number
  /** The frame's payload format. */
  readonly payloadFormat: number
  readonly payload: Uint8Array
  /** True for the ids of members of the frame's epoch. */
  readonly isMember: (memberId: number) => boolean
  /** The payload formats that are spoken. Default CBOR alone. */
  readonly codecs?: readonly SignalCodec[]
}

/** What came out of a payload. */
export type ReceivedSignal =
  | {
      readonly kind: "applied"
      readonly signal: Signal
      readonly senderId: number
      readonly requestId: number
      /** Signals that came before it and stand behind it, whose effect it gave or took. */
      readonly turned: readonly LoggedSignal[]
      readonly answer: Acknowledgement
    }
  /** It was understood and has no effect. `code` is the one of the error registry. */
  | {
      readonly kind: "refused"
      readonly reason: DropReason
      readonly code: number
      readonly signal: Signal
      readonly senderId: number
      readonly requestId: number
      readonly answer: Acknowledgement
    }
  /** Nothing changed, and there is nobody to answer, or nothing to answer to. */
  | { readonly kind: "drop"; readonly reason: DropReason; readonly code: number }

/** How far a request id may be above all others: using up those of an epoch takes millions of signals. */
export const REQUEST_ID_STEP_MAX = 1024

const NOTHING = new Uint8Array(0)

/**
 * The way up through GSP. Total: whatever bytes arrive, it returns, with the answer that the sender is to get.
 *
 * The checks, in order: payload format, encoding, request id, sender, signal type, arguments, target; then whether its place in
 * the order is free, and last what its sender's role permits there.
 */
export function receiveSignal(arrived: ArrivedSignal, log: SignalLog): ReceivedSignal {
  const codec = (arrived.codecs ?? [CBOR_SIGNALS]).find(({ format }) => format === arrived.payloadFormat)
  if (codec === undefined) return drop("unsupported_payload_format")
  const message = decodedOrUndefined(() => codec.decode(arrived.payload))
  if (message === undefined) return drop("malformed")
  if (message.requestId === 0 || message.requestId >= log.nextRequestId + REQUEST_ID_STEP_MAX)
    return drop("bad_request_id")
  if (message.senderId !== arrived.senderId) return drop("sender_mismatch")
  const signal = signalOf(message)
  if (typeof signal === "string") return drop(signal)

  const { senderId, requestId } = message
  const refused = (reason: DropReason): ReceivedSignal => {
    const { code, name } = dropError(reason)
    const answer = { requestId, statusCode: code, reason: name, details: NOTHING }
    return { kind: "refused", reason, code, signal, senderId, requestId, answer }
  }
  if ("target" in signal && !arrived.isMember(signal.target)) return refused("unknown_target")
  const logged = log.add({ signal, senderId, requestId })
  if (logged.kind === "duplicate") return refused("duplicate_request")
  if (logged.kind === "settled") return refused("state_conflict")
  if (logged.refusal !== undefined) return refused(logged.refusal)
  const answer = { requestId, statusCode: 0, reason: "", details: NOTHING }
  return { kind: "applied", signal, senderId, requestId, turned: logged.turned, answer }
}

function signalOf({ signalType, argsLength, args }: SignalMessage): Signal | DropReason {
  const type = signalTypeFromWire(signalType)
  if (type === undefined) return "unknown_signal"
  if (argsLength !== args.length) return "bad_args"
  return decodeArgs(type, args) ?? "bad_args"
}

function drop(reason: DropReason): ReceivedSignal {
  return { kind: "drop", reason, code: dropError(reason).code }
}

import type { SignalRefusal } from "./apply-signal.ts"
import { CBOR_SIGNALS } from "./message.ts"
import type { SignalCodec } from "./message.ts"
import { MEMBER_ROLE } from "./permissions.ts"
import type { SignalLog } from "./signal-log.ts"
import { encodeArgs, SIGNAL_CODES } from "./signal.ts"
import type { Signal } from "./signal.ts"

/** What {@link sendSignal} needs. */
export interface SignalOptions {
  readonly signal: Signal
  /** Our member id. */
  readonly senderId: number
  /** What signals made of the group so far; the signal is added to it. */
  readonly log: SignalLog
  /** The payload format. Default CBOR. */
  readonly codec?: SignalCodec
}

/** What came of a signal. */
export type SignalSent =
  | { readonly kind: "signal"; readonly requestId: number; readonly payload: Uint8Array }
  | { readonly kind: "refused"; readonly reason: SignalRefusal }

const UINT32_MAX = 0xffff_ffff

/**
 * The way down through GSP: makes a signal behind all others that we know, and applies it here.
 *
 * Refused ones are not sent: nobody else would let them have an effect either.
 *
 * @throws RangeError once an epoch has used up its 2^32 − 1 request ids: the epoch must change
 */
export function sendSignal({ signal, senderId, log, codec = CBOR_SIGNALS }: SignalOptions): SignalSent {
  const requestId = log.nextRequestId
  if (requestId > UINT32_MAX)
    throw new RangeError("the epoch has no request ids left: it must change before another signal")
  const refusal = log.refusalOf({ signal, senderId })
  if (refusal !== undefined) return { kind: "refused", reason: refusal }
  log.add({ signal, senderId, requestId })
  const args = encodeArgs(signal)
  const payload = codec.encode({
    signalType: SIGNAL_CODES[signal.type],
    requestId,
    senderId,
    roleClaim: log.state.assignments.get(senderId) ?? MEMBER_ROLE,
    argsLength: args.length,
    args,
  })
  return { kind: "signal", requestId, payload }
}

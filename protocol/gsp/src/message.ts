import type { PayloadCodec } from "@qpc/gbp"
import { CborFields, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** A signal as it is on the wire (GSP "Signal"). */
export interface SignalMessage {
  readonly signalType: number
  /** Of the sender, above all that it has seen in this epoch: see {@link SignalLog}. */
  readonly requestId: number
  readonly senderId: number
  /** What the sender says to be. Nothing follows from it: roles are looked up. */
  readonly roleClaim: number
  readonly argsLength: number
  readonly args: Uint8Array
}

/** One way to write down a signal; see {@link CBOR_SIGNALS}. */
export type SignalCodec = PayloadCodec<SignalMessage>

/** Bytes of one signal: arguments are at most two numbers, the rest is fields. */
export const SIGNAL_MAX_BYTES = 256

const UINT32_MAX = 0xffff_ffff

/** The map `t` · `rid` · `sid` · `rc` · `alen` · `args`, in this order. */
export function encodeSignal(message: SignalMessage): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["t", message.signalType],
      ["rid", message.requestId],
      ["sid", message.senderId],
      ["rc", message.roleClaim],
      ["alen", message.argsLength],
      ["args", message.args],
    ]),
  )
}

/** Reads the fields and their ranges. `args` is owned by the caller. @throws DecodeError */
export function decodeSignal(bytes: Uint8Array): SignalMessage {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes: SIGNAL_MAX_BYTES, depth: 1, itemCount: 32 }))
  const message: SignalMessage = {
    signalType: fields.uint("t", UINT32_MAX),
    requestId: fields.uint("rid", UINT32_MAX),
    senderId: fields.uint("sid", UINT32_MAX),
    roleClaim: fields.uint("rc", UINT32_MAX),
    argsLength: fields.uint("alen", UINT32_MAX),
    args: fields.bytes("args", SIGNAL_MAX_BYTES),
  }
  fields.end()
  return message
}

/** Payload format 0, the default. */
export const CBOR_SIGNALS: SignalCodec = { format: 0, encode: encodeSignal, decode: decodeSignal }

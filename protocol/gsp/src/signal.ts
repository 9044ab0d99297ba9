import { streamTypeFromWire, streamTypeToWire } from "@qpc/gbp"
import type { StreamType } from "@qpc/gbp"
import { CborFields, decodeCbor, decodedOrUndefined, DecodeError, encodeCbor } from "@qpc/wire"
import type { RoleId } from "./permissions.ts"

/** What a signal says (GSP "Signals"), with the arguments that its type demands and no others. */
export type Signal =
  | { readonly type: "join" | "leave" }
  | { readonly type: "role_change"; readonly target: number; readonly role: RoleId }
  | { readonly type: "mute" | "unmute"; readonly target: number }
  | { readonly type: "stream_start" | "stream_stop"; readonly stream: StreamType }
  | { readonly type: "codec_update"; readonly codec: number }

/** The name of a signal. */
export type SignalType = Signal["type"]

/** Signals as numbers (GSP "Signals"). */
export const SIGNAL_CODES: Readonly<Record<SignalType, number>> = {
  join: 100,
  leave: 101,
  role_change: 102,
  mute: 200,
  unmute: 201,
  stream_start: 300,
  stream_stop: 301,
  codec_update: 400,
}

/** More than two small integers and their keys take. */
const ARGS_MAX_BYTES = 64

/** Keys of the arguments; the second is only in a change of roles. */
const FIRST = 0
const SECOND = 1
const UINT32_MAX = 0xffff_ffff
const UINT16_MAX = 0xffff

/** `undefined` for a number that is not assigned. */
export function signalTypeFromWire(code: number): SignalType | undefined {
  const found = Object.entries(SIGNAL_CODES).find(([, assigned]) => assigned === code)
  return found?.[0] as SignalType | undefined
}

/** The arguments of a signal: nothing at all, or a CBOR map with the keys 0 and 1, always CBOR whatever carries them. */
export function encodeArgs(signal: Signal): Uint8Array {
  const values = argumentsOf(signal)
  if (values.length === 0) return new Uint8Array(0)
  return encodeCbor(new Map(values.map((value, key) => [key, value])))
}

/** `undefined` for arguments that are not the one encoding of what the type demands. */
export function decodeArgs(type: SignalType, args: Uint8Array): Signal | undefined {
  if (type === "join" || type === "leave") return args.length === 0 ? { type } : undefined
  return decodedOrUndefined(() => {
    const fields = new CborFields(decodeCbor(args, { sizeBytes: ARGS_MAX_BYTES, depth: 1, itemCount: 8 }))
    const signal = readArguments(type, fields)
    fields.end()
    return signal
  })
}

function argumentsOf(signal: Signal): readonly number[] {
  switch (signal.type) {
    case "join":
    case "leave":
      return []
    case "role_change":
      return [signal.target, signal.role]
    case "mute":
    case "unmute":
      return [signal.target]
    case "stream_start":
    case "stream_stop":
      return [streamTypeToWire(signal.stream)]
    case "codec_update":
      return [signal.codec]
  }
}

function readArguments(type: Exclude<SignalType, "join" | "leave">, fields: CborFields): Signal {
  switch (type) {
    case "role_change":
      return { type, target: fields.uint(FIRST, UINT32_MAX), role: fields.uint(SECOND, UINT16_MAX) }
    case "mute":
    case "unmute":
      return { type, target: fields.uint(FIRST, UINT32_MAX) }
    case "stream_start":
    case "stream_stop":
      return { type, stream: readStream(fields) }
    case "codec_update":
      return { type, codec: fields.uint(FIRST, UINT32_MAX) }
  }
}

function readStream(fields: CborFields): StreamType {
  const stream = streamTypeFromWire(fields.uint(FIRST, UINT32_MAX))
  if (stream === undefined) throw new DecodeError("reserved_value", 0)
  return stream
}

import { SIGNAL_CODES } from "@qpc/gsp"
import type { SignalType as SignalName } from "@qpc/gsp"

/** Signals (GSP "Signals"), by the names of the published packages. */
export const SignalType = {
  Join: 100,
  Leave: 101,
  RoleChange: 102,
  Mute: 200,
  Unmute: 201,
  StreamStart: 300,
  StreamStop: 301,
  CodecUpdate: 400,
} as const

/** One of {@link SignalType}. */
export type SignalType = (typeof SignalType)[keyof typeof SignalType]

/** The number of a signal on the wire. */
export function signalTypeOf(name: SignalName): SignalType {
  return SIGNAL_CODES[name] as SignalType
}

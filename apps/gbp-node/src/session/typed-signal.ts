import { encodeCbor } from "@qpc/wire"
import { SignalType, StreamType } from "gbp-stack"

/** A signal that somebody typed. */
export interface TypedSignal {
  readonly signal: SignalType
  /** CBOR, as the type of signal wants it; empty for those that say it all by their type. */
  readonly args: Uint8Array
}

/** One word behind a slash. */
interface Word {
  readonly signal: SignalType
  /** What follows, in order, each with the numbers that its names stand for; `number` is any. */
  readonly takes: readonly { readonly what: string; readonly names?: Readonly<Record<string, number>> }[]
}

const MEMBER = { what: "member id" }
const STREAM = { what: "stream", names: { audio: StreamType.Audio, text: StreamType.Text, signal: StreamType.Signal } }
const WORDS: Readonly<Record<string, Word>> = {
  join: { signal: SignalType.Join, takes: [] },
  leave: { signal: SignalType.Leave, takes: [] },
  role: { signal: SignalType.RoleChange, takes: [MEMBER, { what: "role" }] },
  mute: { signal: SignalType.Mute, takes: [MEMBER] },
  unmute: { signal: SignalType.Unmute, takes: [MEMBER] },
  start: { signal: SignalType.StreamStart, takes: [STREAM] },
  stop: { signal: SignalType.StreamStop, takes: [STREAM] },
  codec: { signal: SignalType.CodecUpdate, takes: [{ what: "codec" }] },
}
const UINT32_MAX = 0xffff_ffff

/** One line: what can be typed. */
const SIGNALS_HELP: string = Object.entries(WORDS)
  .map(([word, { takes }]) => [`/${word}`, ...takes.map(({ what }) => `<${what}>`)].join(" "))
  .join(", ")

/** Reads `/mute 3` and its like. @returns what is wrong, as text, for anything else */
export function readTypedSignal(line: string): TypedSignal | string {
  const [name = "", ...rest] = line.slice(1).trim().split(/\s+/)
  const word = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined
  if (word === undefined)
    return `/${name} is no signal; there are: ${SIGNALS_HELP}. A text that begins with / is typed with //`
  if (rest.length !== word.takes.length) return `/${name} is not typed so; there are: ${SIGNALS_HELP}`
  const numbers: number[] = []
  for (const [at, { what, names }] of word.takes.entries()) {
    const number = names !== undefined && Object.hasOwn(names, rest[at]!) ? names[rest[at]!]! : Number(rest[at])
    if (!Number.isInteger(number) || number < 0 || number > UINT32_MAX) return `${rest[at]} is no ${what}`
    numbers.push(number)
  }
  const { signal } = word
  return { signal, args: numbers.length === 0 ? new Uint8Array(0) : encodeCbor(new Map(numbers.entries())) }
}

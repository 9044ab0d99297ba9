import {
  decodedOrUndefined,
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  readList,
  toDeviceKey,
} from "@qpc/wire"
import type { DeviceKey, Reader } from "@qpc/wire"

/** Asks one member for texts of one sender, `from` and `to` among them. */
export interface RedeliveryAsk {
  readonly device: DeviceKey
  /** The first epoch in which the sender counted. */
  readonly since: bigint
  readonly from: number
  readonly to: number
}

/** What one member answers, in as many messages as it takes. */
export type RedeliveryAnswer =
  /** One text as its sender sealed it. View. */
  | { readonly kind: "text"; readonly envelope: Uint8Array }
  /** Our own numbers that nobody is to wait for. */
  | { readonly kind: "given_up"; readonly numbers: readonly number[] }
  /** That was all. */
  | { readonly kind: "end" }

/** Texts that one ask may name. */
export const ASKED_TEXTS = 32
const KINDS = ["text", "given_up", "end"] as const

/** Writes device key · since u64 · from u32 · to u32. */
export function encodeAsk({ device, since, from, to }: RedeliveryAsk): Uint8Array {
  return encode((writer) => writer.bytes(device).uint64(since).uint32(from).uint32(to))
}

/** `undefined` for bytes that ask for nothing, or for more than {@link ASKED_TEXTS}. */
export function decodeAsk(bytes: Uint8Array): RedeliveryAsk | undefined {
  const ask = decodedOrUndefined(() => decodeWhole(bytes, readAsk))
  return ask !== undefined && ask.from <= ask.to && ask.to - ask.from < ASKED_TEXTS ? ask : undefined
}

/** Writes kind u8 · (text: envelope<V>; given up: list of u32). */
export function encodeAnswer(answer: RedeliveryAnswer): Uint8Array {
  return encode((writer) => {
    writer.uint8(KINDS.indexOf(answer.kind))
    if (answer.kind === "text") writer.vector(answer.envelope)
    if (answer.kind === "given_up") writer.list(answer.numbers, (inner, one) => inner.uint32(one))
  })
}

/** `undefined` for bytes that are no answer. */
export function decodeAnswer(bytes: Uint8Array): RedeliveryAnswer | undefined {
  return decodedOrUndefined(() => decodeWhole(bytes, readAnswer))
}

/** @throws DecodeError */
export function readAsk(reader: Reader): RedeliveryAsk {
  const device = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  return { device, since: reader.uint64(), from: reader.uint32(), to: reader.uint32() }
}

function readAnswer(reader: Reader): RedeliveryAnswer {
  const kind = KINDS[reader.uint8()]
  if (kind === undefined) throw new DecodeError("reserved_value", 0)
  switch (kind) {
    case "text":
      return { kind, envelope: reader.vector() }
    case "given_up":
      return { kind, numbers: readList(reader, (inner) => inner.uint32(), ASKED_TEXTS * 4 + 2) }
    case "end":
      return { kind }
  }
}

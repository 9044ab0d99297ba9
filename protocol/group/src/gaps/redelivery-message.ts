import { decodedOrUndefined, decodeWhole, DEVICE_KEY_BYTES, encode, readList, toDeviceKey } from "@qpc/wire"
import type { DeviceKey, Reader } from "@qpc/wire"

/** Asks one member for texts of one sender, `from` and `to` among them. */
export interface RedeliveryAsk {
  readonly device: DeviceKey
  /** The first epoch in which the sender counted. */
  readonly since: bigint
  readonly from: number
  readonly to: number
}

/**
 * What one member answers: all of it in one message, since each takes a key of the ratchet of their texts. Empty if they have nothing.
 */
export interface RedeliveryAnswer {
  /** Texts as their sender sealed them. Views. */
  readonly envelopes: readonly Uint8Array[]
  /** Our own numbers that nobody is to wait for. */
  readonly givenUp: readonly number[]
}

/** Texts that one ask may name. */
export const ASKED_TEXTS = 32

/** Writes device key · since u64 · from u32 · to u32. */
export function encodeAsk({ device, since, from, to }: RedeliveryAsk): Uint8Array {
  return encode((writer) => writer.bytes(device).uint64(since).uint32(from).uint32(to))
}

/** `undefined` for bytes that ask for nothing, or for more than {@link ASKED_TEXTS}. */
export function decodeAsk(bytes: Uint8Array): RedeliveryAsk | undefined {
  const ask = decodedOrUndefined(() => decodeWhole(bytes, readAsk))
  return ask !== undefined && ask.from <= ask.to && ask.to - ask.from < ASKED_TEXTS ? ask : undefined
}

/** Writes list of envelope<V> · list of numbers given up, u32. */
export function encodeAnswer({ envelopes, givenUp }: RedeliveryAnswer): Uint8Array {
  return encode((writer) => {
    writer.list(envelopes, (inner, envelope) => inner.vector(envelope))
    writer.list(givenUp, (inner, number) => inner.uint32(number))
  })
}

/** `undefined` for bytes that are no answer, or answer for more than {@link ASKED_TEXTS}. */
export function decodeAnswer(bytes: Uint8Array): RedeliveryAnswer | undefined {
  const answer = decodedOrUndefined(() => decodeWhole(bytes, readAnswer))
  if (answer === undefined || answer.envelopes.length > ASKED_TEXTS) return undefined
  return answer.givenUp.length > ASKED_TEXTS ? undefined : answer
}

/** @throws DecodeError */
export function readAsk(reader: Reader): RedeliveryAsk {
  const device = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  return { device, since: reader.uint64(), from: reader.uint32(), to: reader.uint32() }
}

function readAnswer(reader: Reader): RedeliveryAnswer {
  const envelopes = readList(reader, (inner) => inner.vector())
  return { envelopes, givenUp: readList(reader, (inner) => inner.uint32()) }
}

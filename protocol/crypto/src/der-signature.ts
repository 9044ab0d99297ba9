import { concatBytes } from "@qpc/wire"

const SEQUENCE = 0x30
const INTEGER = 0x02
const LONG_FORM = 0x81

/**
 * An ECDSA signature as MLS carries it (RFC 9420 §5.1.2): the DER of SEQUENCE { r INTEGER, s INTEGER } (RFC 8446
 * §4.2.3).
 *
 * @param signature - r ‖ s, big-endian, of equal lengths up to 66 bytes.
 */
export function encodeDerSignature(signature: Uint8Array): Uint8Array {
  const fieldBytes = signature.length / 2
  const [r, s] = [encodeInteger(signature.subarray(0, fieldBytes)), encodeInteger(signature.subarray(fieldBytes))]
  const lengthBytes = r.length + s.length
  const header = lengthBytes < 0x80 ? [SEQUENCE, lengthBytes] : [SEQUENCE, LONG_FORM, lengthBytes]
  return concatBytes(Uint8Array.from(header), r, s)
}

/**
 * r ‖ s out of its DER, each in `fieldBytes`.
 *
 * Libraries differ in what they forgive: long lengths, extra zeros, trailing bytes. Any of it would give one signature
 * two encodings, so this takes only what {@link encodeDerSignature} writes.
 *
 * @returns `undefined` for anything else, and for integers that do not fit.
 */
export function decodeDerSignature(der: Uint8Array, fieldBytes: number): Uint8Array | undefined {
  const content = contentOf(der)
  const r = content && readInteger(content, fieldBytes)
  const s = r && readInteger(r.rest, fieldBytes)
  if (r === undefined || s?.rest.length !== 0) return undefined
  return concatBytes(r.value, s.value)
}

/** The value of the outer SEQUENCE, which must fill `der`. */
function contentOf(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== SEQUENCE) return undefined
  const isLong = der[1] === LONG_FORM
  const lengthBytes = isLong ? der[2] : der[1]
  const content = der.subarray(isLong ? 3 : 2)
  if (lengthBytes === undefined || lengthBytes !== content.length || isLong !== lengthBytes >= 0x80) return undefined
  return content
}

/** One INTEGER that is not negative and has no needless zero, padded to `fieldBytes`; and what follows it. */
function readInteger(input: Uint8Array, fieldBytes: number): { value: Uint8Array; rest: Uint8Array } | undefined {
  const lengthBytes = input[1]
  if (input[0] !== INTEGER || lengthBytes === undefined || lengthBytes === 0 || lengthBytes > fieldBytes + 1) {
    return undefined
  }
  const written = input.subarray(2, 2 + lengthBytes)
  if (written.length !== lengthBytes || written[0]! >= 0x80) return undefined
  const hasSignByte = written[0] === 0 && lengthBytes > 1
  if (hasSignByte && written[1]! < 0x80) return undefined
  const digits = hasSignByte ? written.subarray(1) : written
  if (digits.length > fieldBytes) return undefined
  const value = new Uint8Array(fieldBytes)
  value.set(digits, fieldBytes - digits.length)
  return { value, rest: input.subarray(2 + lengthBytes) }
}

function encodeInteger(value: Uint8Array): Uint8Array {
  const firstDigit = value.findIndex((byte) => byte !== 0)
  const digits = value.subarray(firstDigit < 0 ? value.length - 1 : firstDigit)
  const sign = digits[0]! >= 0x80 ? [0] : []
  return Uint8Array.of(INTEGER, sign.length + digits.length, ...sign, ...digits)
}

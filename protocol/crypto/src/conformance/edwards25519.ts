/**
 * A point of edwards25519 in extended coordinates (RFC 8032 §5.1.4): x = X/Z, y = Y/Z, xy = T/Z.
 *
 * For public values only: nothing in this file runs in constant time.
 */
export interface EdwardsPoint {
  readonly X: bigint
  readonly Y: bigint
  readonly Z: bigint
  readonly T: bigint
}

const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
/** A square root of −1. */
const SQRT_MINUS_1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

/** The order of the base point, L in RFC 8032 §5.1. */
export const EDWARDS25519_ORDER: bigint = 2n ** 252n + 27742317777372353535851937790883648493n

/** The neutral element. */
export const EDWARDS25519_ZERO: EdwardsPoint = { X: 0n, Y: 1n, Z: 1n, T: 0n }

/** The base point, B in RFC 8032 §5.1. */
export const EDWARDS25519_BASE: EdwardsPoint = affine(
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  46316835694926478169428394003475163141307993866256225615783033603165251855960n,
)

/** The point behind an encoding (RFC 8032 §5.1.3), or `undefined` if there is none or the encoding is not canonical. */
export function decodePoint(bytes: Uint8Array): EdwardsPoint | undefined {
  if (bytes.length !== 32) return undefined
  const encoded = fromLittleEndian(bytes)
  const y = encoded & (2n ** 255n - 1n)
  if (y >= P) return undefined
  const numerator = mod(y * y - 1n)
  const denominator = mod(D * y * y + 1n)
  const candidate = power(mod(numerator * denominator ** 7n), (P - 5n) / 8n)
  let x = mod(numerator * denominator ** 3n * candidate)
  const square = mod(denominator * x * x)
  if (square === mod(-numerator)) x = mod(x * SQRT_MINUS_1)
  else if (square !== numerator) return undefined
  const isOdd = encoded >> 255n
  if (x === 0n && isOdd === 1n) return undefined
  return affine((x & 1n) === isOdd ? x : P - x, y)
}

/** RFC 8032 §5.1.2. */
export function encodePoint({ X, Y, Z }: EdwardsPoint): Uint8Array {
  const inverse = power(Z, P - 2n)
  return toLittleEndian(mod(Y * inverse) | ((mod(X * inverse) & 1n) << 255n))
}

/** RFC 8032 §5.1.4. The formula is complete: it also doubles. */
export function addPoints(p: EdwardsPoint, q: EdwardsPoint): EdwardsPoint {
  const a = mod((p.Y - p.X) * (q.Y - q.X))
  const b = mod((p.Y + p.X) * (q.Y + q.X))
  const c = mod(2n * p.T * mod(D * q.T))
  const d = mod(2n * p.Z * q.Z)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return { X: mod(e * f), Y: mod(g * h), Z: mod(f * g), T: mod(e * h) }
}

/** `scalar` times `point`, bit by bit. About two milliseconds. */
export function multiplyPoint(scalar: bigint, point: EdwardsPoint): EdwardsPoint {
  let sum = EDWARDS25519_ZERO
  let doubled = point
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) sum = addPoints(sum, doubled)
    doubled = addPoints(doubled, doubled)
  }
  return sum
}

/** Little-endian bytes of any length as an integer (RFC 8032 §5.1). */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

/** `value` as little-endian bytes, 32 unless said otherwise. */
export function toLittleEndian(value: bigint, lengthBytes = 32): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

function affine(x: bigint, y: bigint): EdwardsPoint {
  return { X: x, Y: y, Z: 1n, T: mod(x * y) }
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}

import type { Random } from "@qpc/wire"

/** How long to wait between attempts. */
export interface Backoff {
  /** The longest wait before the first repetition, in milliseconds. */
  readonly baseMs: number
  /** The longest wait at all, in milliseconds. */
  readonly capMs: number
}

/** A quarter of a second, doubling up to half a minute. */
export const defaultBackoff: Backoff = { baseMs: 250, capMs: 30_000 }

/**
 * Full jitter: anything from nothing to the exponential bound, so that clients that lost one server together do not
 * come back together.
 *
 * @param failures - How many attempts failed in a row, from 1.
 */
export function backoffDelayMs(failures: number, { baseMs, capMs }: Backoff, random: Random): number {
  const bytes = random(4)
  const fraction = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
  return Math.floor(fraction * Math.min(capMs, baseMs * 2 ** (failures - 1)))
}

import type { Reader, Writer } from "@qpc/wire"

/** When a key package may be used (RFC 9420 §7.2), in seconds since the Unix epoch, both ends included. */
export interface Lifetime {
  readonly notBefore: bigint
  readonly notAfter: bigint
}

/** Reads a Lifetime (RFC 9420 §7.2). */
export function readLifetime(reader: Reader): Lifetime {
  return { notBefore: reader.uint64(), notAfter: reader.uint64() }
}

/** Writes a Lifetime (RFC 9420 §7.2). */
export function writeLifetime(writer: Writer, lifetime: Lifetime): void {
  writer.uint64(lifetime.notBefore).uint64(lifetime.notAfter)
}

/**
 * A lifetime around `nowMs`. It starts an hour early, for peers whose clock is late.
 *
 * @throws RangeError unless both are finite and not negative
 */
export function lifetimeFrom(nowMs: number, lifetimeMs: number): Lifetime {
  if (!(nowMs >= 0 && lifetimeMs >= 0)) throw new RangeError("time and lifetime must not be negative")
  const now = toSeconds(nowMs)
  return { notBefore: now > CLOCK_SKEW ? now - CLOCK_SKEW : 0n, notAfter: now + toSeconds(lifetimeMs) }
}

/** True if `nowMs` lies within the lifetime (RFC 9420 §7.3). */
export function isAlive(lifetime: Lifetime, nowMs: number): boolean {
  const now = toSeconds(nowMs)
  return lifetime.notBefore <= now && now <= lifetime.notAfter
}

/** Seconds that the lifetime spans; negative if it ends before it starts. */
export function lifetimeSpan(lifetime: Lifetime): bigint {
  return lifetime.notAfter - lifetime.notBefore
}

const CLOCK_SKEW = 3600n

function toSeconds(ms: number): bigint {
  return BigInt(Math.floor(ms / 1000))
}

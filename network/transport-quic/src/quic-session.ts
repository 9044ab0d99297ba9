import type { Duplex } from "node:stream"
import type { ConnectionLimits, StreamProtocol } from "@qpc/transport"

/** The QUIC library grants credit for what it has buffered, read or not: a paused stream does not stop the peer. */
export const HOLDS_BACK = false

/** How long a session outlives a stream whose both directions ended: closing it would drop what has not arrived yet. */
const LINGER_MS = 1_000

/**
 * Resolves when the session may be closed: at once, unless the protocol leaves it to QUIC to deliver the last bytes.
 *
 * @param closed - resolves when the peer closed the session
 */
export async function lingered(stream: Duplex, { confirmsEnd }: StreamProtocol, closed: Promise<void>): Promise<void> {
  if (confirmsEnd || !stream.readableEnded || !stream.writableFinished) return
  const { promise: patience, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, LINGER_MS)
  await Promise.race([closed, patience])
  clearTimeout(timer)
}

/** For ever, as far as a connection is concerned; the QUIC library has no value for it. */
const NEVER_MS = 86_400_000

/**
 * What QUIC is told to take for a dead peer (RFC 9000 §10.1): what the protocol says; else it gives up after our own
 * keep-alives did, and never keeps a dead session much longer.
 */
export function quicIdleTimeoutMs(
  { idleTimeoutMs }: StreamProtocol,
  { keepAliveMs = 10_000, missedKeepAlives = 3 }: ConnectionLimits,
): number {
  if (idleTimeoutMs !== undefined) return idleTimeoutMs === 0 ? NEVER_MS : idleTimeoutMs
  if (keepAliveMs === 0) return NEVER_MS
  return Math.max(10_000, keepAliveMs * (missedKeepAlives + 2))
}

import type { ConnectionLimits } from "@qpc/transport"

/** QUIC gives up after our own keep-alives did, and never keeps a dead session much longer. */
export function quicIdleTimeoutMs({ keepAliveMs = 10_000, missedKeepAlives = 3 }: ConnectionLimits): number {
  if (keepAliveMs === 0) return 86_400_000
  return Math.max(10_000, keepAliveMs * (missedKeepAlives + 2))
}

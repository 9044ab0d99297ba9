import type { DeviceStatement } from "@qpc/group"
import { EARLIEST_MS } from "./calendar.ts"
import type { Calendar } from "./calendar.ts"

/** How long a certificate counts: then the device is linked anew, or stays in its groups and comes into no others. */
const CERTIFICATE_MS = 5 * 366 * 86_400_000
/** A certificate begins earlier by this, for those whose clock is late; as key packages do. */
const EARLY_MS = 3_600_000

/**
 * From when to when a device's certificate counts that is made now: at once, for all who have the right time, whichever of two
 * clocks that differ is wrong. Nobody is harmed by one that counts from earlier on.
 */
export function certificateTime(clock: Calendar): Pick<DeviceStatement, "notBeforeMs" | "notAfterMs"> {
  const nowMs = clock.unixMs()
  const earlierMs = Math.min(nowMs, clock.machineMs())
  return { notBeforeMs: Math.max(EARLIEST_MS, earlierMs - EARLY_MS), notAfterMs: nowMs + CERTIFICATE_MS }
}

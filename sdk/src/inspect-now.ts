import { inspectKeyPackage } from "@qpc/group"
import type { InspectedKeyPackage } from "@qpc/group"
import type { Context } from "./context.ts"

/**
 * Says whether somebody may be invited with a key package now: at whatever time it may be, where our clock and the server's differ a
 * little. So neither of them alone can have us take one that has ended.
 */
export function inspectNow(
  { suite, clock }: Pick<Context, "suite" | "clock">,
  keyPackage: Uint8Array,
): InspectedKeyPackage {
  const { earliestMs, latestMs } = clock.bounds()
  const inspected = inspectKeyPackage(suite, keyPackage, earliestMs)
  if (inspected.kind === "rejected" || latestMs === earliestMs) return inspected
  return inspectKeyPackage(suite, keyPackage, latestMs)
}

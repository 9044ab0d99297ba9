import { drawPlan } from "./plan.ts"
import type { Restrictions } from "./plan.ts"
import type { ViolationKind } from "./violation.ts"

/** The kinds of violation that a restricted run of the seed shows; none if it passes. */
export type Try = (restrictions: Restrictions) => Promise<ReadonlySet<ViolationKind>>

const SHORTER = 0.7

/**
 * Looks for a smaller run that fails in a way the whole run does: fewer kinds of trouble, groups and devices, less time. Each
 * restriction is kept only if the failure stays, so the result is small, not smallest.
 */
export async function shrink(seed: bigint, attempt: Try): Promise<Restrictions> {
  const wanted = await attempt({})
  const plan = drawPlan(seed)
  let kept: Restrictions = {}
  const keepIfFails = async (smaller: Restrictions): Promise<boolean> => {
    const found = await attempt(smaller)
    const stillFails = [...found].some((kind) => wanted.has(kind))
    if (stillFails) kept = smaller
    return stillFails
  }
  for (const name of plan.faults) await keepIfFails({ ...kept, without: new Set([...(kept.without ?? []), name]) })
  for (let groups = plan.groupCount - 1; groups >= 1; groups--)
    if (!(await keepIfFails({ ...kept, groupCount: groups }))) break
  for (let devices = plan.deviceCount - 1; devices >= 2; devices--)
    if (!(await keepIfFails({ ...kept, deviceCount: devices }))) break
  for (let ms = plan.durationMs * SHORTER; ms > 500; ms *= SHORTER)
    if (!(await keepIfFails({ ...kept, durationMs: Math.round(ms) }))) break
  return kept
}

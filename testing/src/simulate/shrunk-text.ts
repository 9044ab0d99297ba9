import type { Restrictions } from "./plan.ts"
import type { SimulationReport } from "./simulate.ts"

/** A seed as it is, and as far as it could be made smaller. */
export interface Shrunk {
  readonly whole: Pick<SimulationReport, "seed" | "hash" | "violations">
  readonly small: Pick<SimulationReport, "hash">
  readonly restrictions: Restrictions
}

/**
 * What shrinking came to, in words, with how to see it again. Trouble that was drawn and never came about can be left out without
 * anything being different: then the trace is that of the whole run, and it has to be said that nothing is smaller.
 */
export function shrunkText({ whole, small, restrictions }: Shrunk): readonly string[] {
  if (whole.violations.length === 0) return [`seed ${whole.seed} does not fail: there is nothing to make smaller`]
  const flags = flagsOf(restrictions)
  if (flags.length === 0) return ["nothing smaller was found that fails in this way: this is the whole run"]
  const again = `see it again: npm run simulate -- --seed ${whole.seed} ${flags.join(" ")}`
  if (small.hash !== whole.hash) return ["this is the smallest run that was found", again]
  return ["nothing smaller was found that fails in this way: what can be left out never came about", again]
}

function flagsOf({ without, groupCount, deviceCount, durationMs }: Restrictions): readonly string[] {
  return [
    ...(without === undefined || without.size === 0 ? [] : [`--without ${[...without].join(",")}`]),
    ...(groupCount === undefined ? [] : [`--groups ${groupCount}`]),
    ...(deviceCount === undefined ? [] : [`--devices ${deviceCount}`]),
    ...(durationMs === undefined ? [] : [`--duration ${durationMs}`]),
  ]
}

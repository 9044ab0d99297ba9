import type { SetReport, VectorSet } from "./vector-set.ts"

/** A runner that throws counts as one failed case: a broken runner must never look like a passed set. */
export function runSafely(set: VectorSet): SetReport {
  try {
    const result = set.run()
    if (result.passed + result.failed + result.skipped === result.cases) return { name: set.name, ...result }
    const failures = [...result.failures, "the counts do not add up"]
    return { name: set.name, ...result, failed: result.failed + 1, failures }
  } catch (error) {
    return { name: set.name, cases: 1, passed: 0, failed: 1, skipped: 0, failures: [String(error)] }
  }
}

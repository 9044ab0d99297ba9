import { CHECKLIST, playOverQuic, playSimulated } from "gbp-node/checklist"
import type { ChecklistResult } from "gbp-node/checklist"
import type { SetReport } from "./run-set.ts"

const SEEDS = 3

/** The checklist of the interoperability profile, in virtual time with a few seeds and over QUIC on the loopback. */
export async function checklistSets(): Promise<SetReport[]> {
  const [simulated, overQuic]: [ChecklistResult[], ChecklistResult[]] = [[], []]
  for (const item of CHECKLIST) {
    for (let seed = 1; seed <= SEEDS; seed++) simulated.push(await playSimulated(item, seed))
    overQuic.push(await playOverQuic(item, Date.now()))
  }
  return [setOf("gbp checklist, simulated", simulated), setOf("gbp checklist, loopback QUIC", overQuic)]
}

function setOf(name: string, results: readonly ChecklistResult[]): SetReport {
  const failures = results.flatMap(({ number, title, failure }) =>
    failure === undefined ? [] : [`${number} ${title}: ${failure}`],
  )
  const [cases, failed] = [results.length, failures.length]
  return { name, cases, passed: cases - failed, failed, skipped: 0, failures }
}

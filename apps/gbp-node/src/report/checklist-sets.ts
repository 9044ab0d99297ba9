import type { ChecklistItem } from "../checklist/item.ts"
import { CHECKLIST, playOverQuic, playSimulated } from "../checklist/run-checklist.ts"
import type { ChecklistResult } from "../checklist/run-checklist.ts"
import type { ReportedItem, ReportedSet } from "./report.ts"

/**
 * The checklist of the interoperability profile, in virtual time once for each seed, and over QUIC on the loopback.
 *
 * @param nowMs - Unix time, for QUIC's certificate.
 * @throws TransportError where the loopback cannot be used
 */
export async function* checklistSets(seeds: readonly number[], nowMs: number): AsyncGenerator<ReportedSet> {
  yield await setOf("checklist, simulated", async (item) => {
    const results: ChecklistResult[] = []
    for (const seed of seeds) results.push(await playSimulated(item, seed))
    return results.find(({ failure }) => failure !== undefined) ?? results[0]!
  })
  yield await setOf("checklist, loopback QUIC", async (item) => await playOverQuic(item, nowMs))
}

async function setOf(name: string, play: (item: ChecklistItem) => Promise<ChecklistResult>): Promise<ReportedSet> {
  const items: ReportedItem[] = []
  for (const item of CHECKLIST) {
    const { number, title, failure } = await play(item)
    items.push({ number, title, ...(failure === undefined ? {} : { failure }) })
  }
  const failures = items.flatMap(({ number, title, failure }) =>
    failure === undefined ? [] : [`${number} ${title}: ${failure}`],
  )
  const [cases, failed] = [items.length, failures.length]
  return { name, cases, passed: cases - failed, failed, skipped: 0, failures, items }
}

import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { SimulationReport } from "./simulate.ts"

/** How far a thread may be ahead of the slowest one, in seeds: bounds the reports that wait for their turn. */
const AHEAD = 32n

/** Which seeds to run, the last one excluded, and on how many threads. */
export interface SeedRange {
  readonly start: bigint
  readonly end: bigint
  /** At least 1. */
  readonly jobs: number
}

/**
 * Runs many seeds on several threads, each with a world of its own, and gives their reports in the order of the seeds: what
 * comes out does not depend on the number of threads. Leaving the loop stops them.
 *
 * @throws Error what a thread failed of: the simulator's own mistake
 */
export async function* runSeeds({ start, end, jobs }: SeedRange): AsyncGenerator<SimulationReport, void, void> {
  const workers = Array.from({ length: jobs }, () => new Worker(new URL("seed-worker.ts", import.meta.url)))
  const free = [...workers]
  const running = new Map<bigint, Promise<void>>()
  const done = new Map<bigint, SimulationReport>()
  const runOn = async (worker: Worker, seed: bigint): Promise<void> => {
    worker.postMessage(seed, [])
    const [report] = (await once(worker, "message")) as [SimulationReport]
    done.set(seed, report)
    running.delete(seed)
    free.push(worker)
  }
  try {
    for (let awaited = start, next = start; awaited < end; awaited++) {
      let report = done.get(awaited)
      while (report === undefined) {
        for (; free.length > 0 && next < end && next < awaited + AHEAD; next++) {
          running.set(next, runOn(free.pop()!, next))
        }
        await Promise.race(running.values())
        report = done.get(awaited)
      }
      done.delete(awaited)
      yield report
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

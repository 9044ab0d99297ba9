/** A thread of `seed-pool.ts`: runs the seed it is sent, answers with the report, and waits for the next. */
import { parentPort } from "node:worker_threads"
import { NODE_SUITES } from "./node-suites.ts"
import { simulate } from "./simulate.ts"

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

parentPort?.on("message", (seed: bigint) => void answer(seed))

/** What this throws ends the thread, and with it the run. */
async function answer(seed: bigint): Promise<void> {
  parentPort?.postMessage(await simulate({ seed, ...NODE_SUITES, drain }), [])
}

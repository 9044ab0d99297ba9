import { parentPort, workerData } from "node:worker_threads"
import type { SignatureName } from "../suite-specs.ts"
import { Keys } from "./keys.ts"
import { type Libraries, sodiumFor } from "./libraries.ts"
import { nodeSignatures } from "./signatures.ts"
import { VerifyJob } from "./verify-job.ts"

/** What a thread of a `parallelSuite` is started with. */
export interface VerifyWorkerData {
  readonly scheme: SignatureName
  readonly libraries: Libraries
  /** Jobs that it is done with, in shared memory. */
  readonly jobsDone: Int32Array
}

const { scheme, libraries, jobsDone } = workerData as VerifyWorkerData
// Each key of a job is used once.
const signatures = nodeSignatures(new Keys({ privateKeys: 1, publicKeys: 1 }), scheme, sodiumFor(libraries))

parentPort?.on("message", (memory: SharedArrayBuffer) => {
  new VerifyJob(memory).work(({ publicKey, message, signature }) => signatures.verify(publicKey, message, signature))
  Atomics.add(jobsDone, 0, 1)
})

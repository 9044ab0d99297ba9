import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { SignatureCheck } from "../cipher-suite.ts"
import type { NodeSuite } from "./suites.ts"
import { BATCH_CHECKS, VerifyJob } from "./verify-job.ts"
import type { VerifyWorkerData } from "./verify-worker.ts"

/** How signature checks are spread over threads. */
export interface ParallelOptions {
  /** Threads beside the caller's own, 0 to 64. Default: one less than the machine runs at a time. */
  readonly workers?: number
  /** Fewer checks than this are made by the caller alone. Default 128: handing over costs about as much as one check. */
  readonly leastChecks?: number
  /**
   * How long the caller, itself done, waits for the next batch of another thread, in milliseconds. Default 1000. What is still
   * open then it verifies itself, so that a thread which died costs this time once and never the answer.
   */
  readonly patienceMs?: number
}

/** A suite that verifies many signatures on several threads. */
export interface ParallelSuite extends NodeSuite, Disposable {
  verifyAll(checks: readonly SignatureCheck[]): number
  /** Ends the threads. The suite stays usable, on the caller's thread alone. */
  [Symbol.dispose](): void
}

const WORKERS_LIMIT = 64
/** Bounds the memory of one job, and the work that is done in vain once a signature is wrong. */
const JOB_CHECKS = 4096
/** Jobs that wait for a thread that is not there yet; it is offered no more. */
const JOBS_WAITING = 2

/**
 * The same suite, with {@link ParallelSuite.verifyAll} on a pool of threads. They start now, verify nothing but what the caller
 * hands over, get no secret, and do not keep the process alive.
 *
 * Still synchronous: the caller works along and then waits for the last batches.
 *
 * @throws RangeError for options out of range
 */
export function parallelSuite(suite: NodeSuite, options: ParallelOptions = {}): ParallelSuite {
  const workers = options.workers ?? Math.min(availableParallelism() - 1, WORKERS_LIMIT)
  const { leastChecks = 128, patienceMs = 1000 } = options
  checkRange("workers", workers, 0, WORKERS_LIMIT)
  checkRange("leastChecks", leastChecks, 1, Number.MAX_SAFE_INTEGER)
  checkRange("patienceMs", patienceMs, 1, 60_000)
  const threads = Array.from({ length: workers }, () => new VerifyThread(suite))
  return {
    ...suite,
    verifyAll(checks) {
      const crew = checks.length < leastChecks ? [] : threads
      for (let start = 0; start < checks.length; start += JOB_CHECKS) {
        const failed = verifyTogether(suite, crew, checks.slice(start, start + JOB_CHECKS), patienceMs)
        if (failed >= 0) return start + failed
      }
      return -1
    },
    [Symbol.dispose]() {
      for (const thread of threads.splice(0)) thread.end()
    },
  }
}

/** One thread of a pool. */
class VerifyThread {
  readonly #worker: Worker
  readonly #jobsDone = new Int32Array(new SharedArrayBuffer(4))
  #jobsGiven = 0
  #isGone = false

  constructor({ signatureScheme: scheme, libraries }: NodeSuite) {
    // Sources run unbuilt: the worker has the ending of the file that starts it.
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js"
    const workerData: VerifyWorkerData = { scheme, libraries, jobsDone: this.#jobsDone }
    this.#worker = new Worker(new URL(`verify-worker.${ending}`, import.meta.url), { workerData })
    const gone = (): void => void (this.#isGone = true)
    // Whatever ended it: the caller does its share from now on, so this is no error of the program's.
    this.#worker.on("error", gone).on("exit", gone).unref()
  }

  /** Offers a job, unless the thread has not come round to earlier ones. */
  offer(job: VerifyJob): void {
    if (this.#isGone || this.#jobsGiven - Atomics.load(this.#jobsDone, 0) >= JOBS_WAITING) return
    this.#jobsGiven++
    this.#worker.postMessage(job.memory, [])
  }

  /** Stops it, whatever it is doing; nothing depends on the moment when it is gone. */
  end(): void {
    void this.#worker.terminate()
  }
}

function verifyTogether(
  suite: NodeSuite,
  crew: readonly VerifyThread[],
  checks: readonly SignatureCheck[],
  patienceMs: number,
): number {
  const isValid = ({ publicKey, message, signature }: SignatureCheck): boolean =>
    suite.verify(publicKey, message, signature)
  if (crew.length === 0) return checks.findIndex((check) => !isValid(check))
  const job = VerifyJob.of(checks)
  for (const thread of crew) thread.offer(job)
  job.work(isValid)
  job.wait(patienceMs)
  for (let batch = 0; batch < job.batchCount; batch++) {
    if (job.isValid(batch)) continue
    const start = batch * BATCH_CHECKS
    const failed = checks.slice(start, start + BATCH_CHECKS).findIndex((check) => !isValid(check))
    if (failed >= 0) return start + failed
  }
  return -1
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} of a parallel suite is ${least} to ${most}, not ${value}`)
  }
}

import { ClientError, MemoryStore } from "@qpc/sdk"
import type { Change, Collection, MemoryDisk, Row, RowRange, Store } from "@qpc/sdk"
import type { DiskFaults } from "./plan.ts"
import type { Prng } from "./prng.ts"
import { never } from "./process.ts"
import type { Process } from "./process.ts"
import type { Trace } from "./trace.ts"

/** What one process's view of its disk is made of. */
export interface ClientDiskOptions {
  readonly disk: MemoryDisk
  readonly process: Process
  readonly prng: Prng
  readonly trace: Trace
  readonly faults: () => DiskFaults
  /** Told of every transaction at the moment at which it is durable, whether or not the process lives to hear of it. */
  readonly onDurable: (changes: readonly Change[]) => void
}

/**
 * A disk with a database on it that keeps SQLite's promise (write-ahead log, synchronous = FULL): a transaction is durable
 * as a whole when its commit returns, and a torn or lost log entry is a transaction that never was. So a crash at a
 * durable step leaves either everything or nothing of it, and this tries both.
 */
export class ClientDisk implements Store {
  readonly #options: ClientDiskOptions
  readonly #inner: MemoryStore
  #isBroken = false

  constructor(options: ClientDiskOptions) {
    this.#options = options
    this.#inner = new MemoryStore(options.disk)
  }

  /** True after a step failed that may or may not have taken effect: every later call fails. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  get(collection: Collection, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#readable(() => this.#inner.get(collection, key))
  }

  list(collection: Collection, range?: RowRange): Promise<readonly Row[]> {
    return this.#readable(() => this.#inner.list(collection, range))
  }

  async commit(changes: readonly Change[]): Promise<void> {
    const { process, prng, faults } = this.#options
    if (this.#isBroken) throw closed()
    const { slowestMs } = faults()
    await process.sleep(0.05 + prng.fraction() * slowestMs)
    const fault = this.#drawFault()
    if (fault === "full") throw new ClientError("store_full", "the disk is full", { nextStep: "Free some space." })
    if (fault === "lost" || fault === "crash_before") return this.#fail(fault)
    await this.#inner.commit(changes)
    this.#options.onDurable(changes)
    if (fault !== undefined) await this.#fail(fault)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** One draw for each kind, whatever the others say, so that switching one off leaves the rest as it was. */
  #drawFault(): "full" | "crash_before" | "crash_after" | "lost" | "kept" | undefined {
    const { prng, faults } = this.#options
    const { isFull, crash, broken } = faults()
    const [crashes, isBefore] = [prng.chance(crash), prng.chance(0.5)]
    const [breaks, isLost] = [prng.chance(broken), prng.chance(0.5)]
    if (isFull) return "full"
    if (crashes) return isBefore ? "crash_before" : "crash_after"
    if (breaks) return isLost ? "lost" : "kept"
    return undefined
  }

  #fail(fault: "crash_before" | "crash_after" | "lost" | "kept"): Promise<void> {
    const { process, trace } = this.#options
    trace.count(NAMES[fault])
    trace.note(`${process.name}: ${NAMES[fault]}`)
    if (fault === "crash_before" || fault === "crash_after") {
      process.kill()
      return never()
    }
    this.#isBroken = true
    return Promise.reject(new ClientError("store_io", "the disk failed", { nextStep: "Open the profile again." }))
  }

  #readable<T>(read: () => Promise<T>): Promise<T> {
    if (!this.#options.process.isAlive) return never()
    return this.#isBroken ? Promise.reject(closed()) : read()
  }
}

const NAMES = {
  crash_before: "client crashes, its last transaction lost",
  crash_after: "client crashes, its last transaction kept",
  lost: "client disk fails, transaction lost",
  kept: "client disk fails, transaction kept",
} as const

const closed = (): ClientError =>
  new ClientError("store_closed", "the store is closed", { nextStep: "Open the profile again." })

import { StorageError } from "@qpc/server/core"
import type { Batch, BatchLimits, BatchOutcome, MemoryStorage, Storage } from "@qpc/server/core"
import type { DiskFaults } from "./plan.ts"
import type { Prng } from "./prng.ts"
import { never } from "./process.ts"
import type { Process } from "./process.ts"
import type { Trace } from "./trace.ts"

/** What one server process's view of its disk is made of. */
export interface ServerDiskOptions {
  readonly inner: MemoryStorage
  readonly process: Process
  readonly prng: Prng
  readonly trace: Trace
  readonly faults: () => DiskFaults
  /** Told of every batch at the moment at which it is durable. */
  readonly onEnqueued: (batch: Batch, outcome: BatchOutcome) => void
}

/** Puts a disk's failures around a storage: each change is durable and answered, durable and unanswered, or neither. */
export function serverDisk(options: ServerDiskOptions): Storage {
  const { inner, onEnqueued } = options
  const change = <T>(action: () => Promise<T>): Promise<T> => changed(options, action)
  const read = <T>(action: () => Promise<T>): Promise<T> => (options.process.isAlive ? action() : never())
  const enqueue = async (batch: Batch, limits: BatchLimits): Promise<BatchOutcome> => {
    const outcome = await inner.enqueue(batch, limits)
    onEnqueued(batch, outcome)
    return outcome
  }
  return {
    keepFirst: (name, candidate) => inner.keepFirst(name, candidate),
    createAccount: (account) => change(() => inner.createAccount(account)),
    accountByUsernameKey: (key) => read(() => inner.accountByUsernameKey(key)),
    accountByIdentity: (key) => read(() => inner.accountByIdentity(key)),
    addDevice: (device, limits) => change(() => inner.addDevice(device, limits)),
    device: (key) => read(() => inner.device(key)),
    devices: (key) => read(() => inner.devices(key)),
    revokeDevice: (key, revocation) => change(() => inner.revokeDevice(key, revocation)),
    createSession: (session, limit) => change(() => inner.createSession(session, limit)),
    session: (hash, nowMs) => read(() => inner.session(hash, nowMs)),
    addKeyPackages: (key, packages, at) => change(() => inner.addKeyPackages(key, packages, at)),
    takeKeyPackage: (key, nowMs, suiteId) => change(() => inner.takeKeyPackage(key, nowMs, suiteId)),
    keepLastResort: (key, lastResort, suiteId) => change(() => inner.keepLastResort(key, lastResort, suiteId)),
    lastResort: (key, nowMs, suiteId) => read(() => inner.lastResort(key, nowMs, suiteId)),
    enqueue: (batch, limits) => change(() => enqueue(batch, limits)),
    peek: (inbox, range) => read(() => inner.peek(inbox, range)),
    acknowledge: (inbox, seqUpTo, nowMs) => change(() => inner.acknowledge(inbox, seqUpTo, nowMs)),
    newestSeq: (inbox) => read(() => inner.newestSeq(inbox)),
    commitsLeftOut: (inbox) => read(() => inner.commitsLeftOut(inbox)),
    commits: (channelId, reader, range) => read(() => inner.commits(channelId, reader, range)),
    standing: (reader, channelIds) => read(() => inner.standing(reader, channelIds)),
    sweep: (nowMs) => change(() => inner.sweep(nowMs)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  }
}

async function changed<T>(options: ServerDiskOptions, action: () => Promise<T>): Promise<T> {
  const { process, prng, faults, trace } = options
  const { isFull, crash, broken, slowestMs } = faults()
  await process.sleep(0.05 + prng.fraction() * slowestMs)
  const [crashes, isBefore, breaks] = [prng.chance(crash), prng.chance(0.5), prng.chance(broken)]
  const die = (what: string): Promise<T> => {
    trace.count(what)
    trace.note(`${process.name}: ${what}`)
    process.kill()
    return never()
  }
  if (isFull) {
    trace.count("server disk full")
    throw new StorageError("full", "the disk is full")
  }
  if (breaks) {
    trace.count("server disk fails")
    throw new StorageError("io", "the disk failed")
  }
  if (crashes && isBefore) return die("server crashes, its last transaction lost")
  const result = await action()
  return crashes ? die("server crashes, its last transaction kept") : result
}

import type { SignatureCheck } from "../cipher-suite.ts"

/** Checks that one thread takes at a time: some milliseconds of work, so that no thread waits long for another's last ones. */
export const BATCH_CHECKS = 32

/** Cells of the job before those of its batches. */
const NEXT_BATCH = 0
const ENDED_BATCHES = 1
const BATCH_COUNT = 2
const HEADER_CELLS = 3
/** In the cell of a batch. Everything else means that nobody vouches for it. */
const ALL_VALID = 1
const LENGTHS_BYTES = 12

/** Verifies one check. */
export type Verify = (check: SignatureCheck) => boolean

/**
 * Signature checks that several threads work through, in shared memory: cells of 32 bits (the next free batch, how many have
 * ended, how many there are; then the result and the place of each batch), behind them the checks.
 *
 * A batch counts as valid once a thread says so after verifying all of it, and no sooner: whoever dies in the middle leaves the
 * cell as it was.
 */
export class VerifyJob {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array
  readonly #batchCount: number

  /** Opens a job of {@link VerifyJob.of}. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#batchCount = new Int32Array(memory, 0, HEADER_CELLS)[BATCH_COUNT]!
    this.#cells = new Int32Array(memory, 0, HEADER_CELLS + 2 * this.#batchCount)
  }

  /** Copies the checks into a new job. */
  static of(checks: readonly SignatureCheck[]): VerifyJob {
    const batchCount = Math.ceil(checks.length / BATCH_CHECKS)
    const cellsBytes = 4 * (HEADER_CELLS + 2 * batchCount)
    const lengthBytes = checks.reduce((total, check) => total + checkBytes(check), cellsBytes)
    const memory = new SharedArrayBuffer(lengthBytes)
    const cells = new Int32Array(memory, 0, HEADER_CELLS + 2 * batchCount)
    cells[BATCH_COUNT] = batchCount
    const bytes = new Uint8Array(memory)
    let at = cellsBytes
    for (const [index, check] of checks.entries()) {
      if (index % BATCH_CHECKS === 0) cells[HEADER_CELLS + batchCount + index / BATCH_CHECKS] = at
      at = writeCheck(bytes, at, check)
    }
    return new VerifyJob(memory)
  }

  get batchCount(): number {
    return this.#batchCount
  }

  /** Takes batches until none is left. Calls of several threads share the work. */
  work(verify: Verify): void {
    for (;;) {
      const batch = Atomics.add(this.#cells, NEXT_BATCH, 1)
      if (batch >= this.#batchCount) return
      if (this.#checksOf(batch).every(verify)) Atomics.store(this.#cells, HEADER_CELLS + batch, ALL_VALID)
      Atomics.add(this.#cells, ENDED_BATCHES, 1)
      Atomics.notify(this.#cells, ENDED_BATCHES)
    }
  }

  /** Waits until all batches have ended, or none has for `patienceMs`: the thread that took it is gone then. */
  wait(patienceMs: number): void {
    for (;;) {
      const ended = Atomics.load(this.#cells, ENDED_BATCHES)
      if (ended >= this.#batchCount) return
      if (Atomics.wait(this.#cells, ENDED_BATCHES, ended, patienceMs) === "timed-out") return
    }
  }

  /** True if some thread verified all checks of the batch. */
  isValid(batch: number): boolean {
    return Atomics.load(this.#cells, HEADER_CELLS + batch) === ALL_VALID
  }

  /** Copies: OpenSSL is given no memory that others can write to. */
  #checksOf(batch: number): SignatureCheck[] {
    const places = HEADER_CELLS + this.#batchCount
    const end = batch + 1 < this.#batchCount ? this.#cells[places + batch + 1] : undefined
    const bytes = new Uint8Array(this.memory).slice(this.#cells[places + batch], end)
    const checks: SignatureCheck[] = []
    for (let at = 0; at < bytes.length;) {
      const check = readCheck(bytes, at)
      checks.push(check)
      at += checkBytes(check)
    }
    return checks
  }
}

function checkBytes({ publicKey, message, signature }: SignatureCheck): number {
  return LENGTHS_BYTES + publicKey.length + message.length + signature.length
}

function writeCheck(into: Uint8Array, start: number, { publicKey, message, signature }: SignatureCheck): number {
  const fields = [publicKey, message, signature]
  const lengths = new DataView(into.buffer, start, LENGTHS_BYTES)
  for (const [index, field] of fields.entries()) lengths.setUint32(4 * index, field.length)
  let at = start + LENGTHS_BYTES
  for (const field of fields) {
    into.set(field, at)
    at += field.length
  }
  return at
}

function readCheck(bytes: Uint8Array, start: number): SignatureCheck {
  const lengths = new DataView(bytes.buffer, start, LENGTHS_BYTES)
  let at = start + LENGTHS_BYTES
  const field = (index: number): Uint8Array => bytes.subarray(at, (at += lengths.getUint32(4 * index)))
  return { publicKey: field(0), message: field(1), signature: field(2) }
}

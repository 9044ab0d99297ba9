import { toHex } from "@qpc/wire"
import { drawInput } from "./draw-input.ts"
import { FuzzRandom } from "./fuzz-random.ts"
import type { FuzzTarget } from "./target.ts"

/** What an input may cost. Time is generous, as the machine may be busy; memory is not. */
interface FuzzLimits {
  /** Measured again three times before it counts. */
  readonly inputMs: number
  /** Bytes of one input's array buffers and objects. */
  readonly inputBytes: number
}

/** What to do: inputs `first` to `first + inputs − 1` of a seed. */
export interface FuzzPlan {
  readonly seed: number
  readonly first: number
  readonly inputs: number
  readonly limits?: Partial<FuzzLimits>
}

/** An input that broke a law. The same seed and index give it again. */
interface Finding {
  readonly index: number
  readonly hex: string
  readonly because: string
}

/** What came of a run. */
export interface FuzzResult {
  readonly name: string
  readonly inputs: number
  readonly accepted: number
  /** The longest that one input took the first time. */
  readonly slowestMs: number
  readonly findings: readonly Finding[]
}

const DEFAULT_LIMITS: FuzzLimits = { inputMs: 100, inputBytes: 32 * 1024 * 1024 }
/** One look at the memory for so many inputs: looking costs more than most inputs. */
const INPUTS_PER_LOOK = 256
/** More findings of one decoder tell nothing new. */
const FINDINGS_LIMIT = 10

/** Gives a decoder the inputs of a plan, in order, and checks that each keeps the laws and the limits. */
export function runTarget(target: FuzzTarget, { seed, first, inputs, limits }: FuzzPlan): FuzzResult {
  const run = new TargetRun(target, seed, { ...DEFAULT_LIMITS, ...limits })
  for (let index = first; index < first + inputs && run.findings.length < FINDINGS_LIMIT; index++) run.give(index)
  run.lookAtMemory()
  return {
    name: target.name,
    inputs: run.inputs,
    accepted: run.accepted,
    slowestMs: run.slowestMs,
    findings: run.findings,
  }
}

class TargetRun {
  readonly findings: Finding[] = []
  inputs = 0
  accepted = 0
  slowestMs = 0
  readonly #target: FuzzTarget
  readonly #seed: number
  readonly #limits: FuzzLimits
  /** Since the last look at the memory. */
  #given: number[] = []
  #usedBytes = usedBytes()

  constructor(target: FuzzTarget, seed: number, limits: FuzzLimits) {
    this.#target = target
    this.#seed = seed
    this.#limits = limits
  }

  give(index: number): void {
    const input = this.#input(index)
    this.inputs++
    try {
      const ms = this.#timed(input)
      this.slowestMs = Math.max(this.slowestMs, ms)
      if (ms > this.#limits.inputMs && this.#isSlow(input)) this.#find(index, input, `takes ${Math.round(ms)} ms`)
    } catch (error) {
      this.#find(index, input, String(error))
    }
    this.#given.push(index)
    if (this.#given.length === INPUTS_PER_LOOK) this.lookAtMemory()
  }

  /** Looks for the input that took too much, if all since the last look together did. */
  lookAtMemory(): void {
    const grownBytes = usedBytes() - this.#usedBytes
    if (grownBytes > this.#limits.inputBytes) for (const index of this.#given) this.#weigh(index)
    this.#given = []
    this.#usedBytes = usedBytes()
  }

  #weigh(index: number): void {
    const input = this.#input(index)
    const before = usedBytes()
    try {
      this.#target.run(input)
    } catch {
      return // Found already.
    }
    const tookBytes = usedBytes() - before
    if (tookBytes > this.#limits.inputBytes) this.#find(index, input, `takes ${tookBytes} bytes`)
  }

  #isSlow(input: Uint8Array): boolean {
    return [1, 2, 3].every(() => this.#timed(input) > this.#limits.inputMs)
  }

  #timed(input: Uint8Array): number {
    const startMs = performance.now()
    if (this.#target.run(input)) this.accepted++
    return performance.now() - startMs
  }

  #input(index: number): Uint8Array {
    return drawInput(new FuzzRandom(this.#seed, index), this.#target.samples)
  }

  #find(index: number, input: Uint8Array, because: string): void {
    this.findings.push({ index, hex: toHex(input), because })
  }
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

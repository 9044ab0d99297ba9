import type { VectorResult } from "@qpc/wire/vectors"
import type { VectorProvider } from "./vector-provider.ts"

/** Counts the cases of one set. */
export class Tally {
  readonly #beforeCase: VectorProvider["beforeCase"] | undefined
  #passed = 0
  readonly #failures: string[] = []
  readonly #skipped = new Map<string, number>()

  /** @param beforeCase - of the {@link VectorProvider}, where the cases encrypt. */
  constructor(beforeCase?: VectorProvider["beforeCase"]) {
    this.#beforeCase = beforeCase
  }

  /** Passed if `holds` answers true; a throw is a failure like any other. */
  check(name: string, holds: () => boolean): void {
    this.#beforeCase?.()
    try {
      if (holds()) this.#passed++
      else this.#failures.push(name)
    } catch (error) {
      this.#failures.push(`${name}: ${String(error)}`)
    }
  }

  skip(why: string, count = 1): void {
    if (count > 0) this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + count)
  }

  result(): VectorResult {
    const skipped = [...this.#skipped.values()].reduce((sum, count) => sum + count, 0)
    const failed = this.#failures.length
    const counts = { cases: this.#passed + failed + skipped, passed: this.#passed, failed, skipped }
    if (skipped === 0) return { ...counts, failures: this.#failures }
    const why = [...this.#skipped].map(([reason, count]) => `${count}: ${reason}`).join("; ")
    return { ...counts, why, failures: this.#failures }
  }
}

/** True if `call` throws a RangeError: the refusal of a caller's own mistake. Rethrows anything else. */
export function refuses(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}

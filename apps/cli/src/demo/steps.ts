import type { Output } from "../output.ts"

/** A step of the demo and how long it took. */
export interface DoneStep {
  readonly step: string
  readonly milliseconds: number
}

/** Runs steps one after the other, each with a line that says what happens and, when it is done, how long it took. */
export class Steps {
  readonly #output: Output
  readonly #done: DoneStep[] = []

  constructor(output: Output) {
    this.#output = output
  }

  get done(): readonly DoneStep[] {
    return this.#done
  }

  async run<T>(step: string, act: () => Promise<T>): Promise<T> {
    const startMs = performance.now()
    const result = await act()
    const milliseconds = Math.round((performance.now() - startMs) * 10) / 10
    this.#done.push({ step, milliseconds })
    const took = `${milliseconds.toFixed(0)} ms`
    this.#output.line(`${String(this.#done.length).padStart(3)}.  ${step} ${this.#output.style("dim", `(${took})`)}`)
    return result
  }
}

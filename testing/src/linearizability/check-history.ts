/** One call to something that several call at the same time. */
export interface Call<Input> {
  readonly input: Input
  /** What was answered, in words that {@link Model.step} uses too; `undefined` if the answer was lost. */
  readonly output: string | undefined
  /** Moments are counted: each is later than all before it. */
  readonly calledAt: number
  /** Infinity for a lost answer: the call may take effect at any later moment, or never. */
  readonly answeredAt: number
}

/** What a thing is when one calls after the other. */
export interface Model<State, Input> {
  readonly initial: State
  /** The state after a call, and its answer. Must not change `state`. */
  readonly step: (state: State, input: Input) => readonly [next: State, output: string]
  /** Equal for states that answer everything alike from then on. */
  readonly nameOf: (state: State) => string
}

/** More calls than bits of a number cannot be checked. */
const CALLS_MAX = 30

/**
 * Looks for an order of all calls in which each takes effect at one moment between call and answer, and all answers are those
 * of the model (Herlihy and Wing 1990). Exhaustive: `undefined` means that there is none.
 *
 * The search is that of Wing and Gong (1993), which only tries calls that no other unplaced call had been answered before; what
 * was seen to lead nowhere, as a set of placed calls and a state, is not tried again (Lowe 2017). Without that memory the
 * time is exponential even where the answer is yes.
 *
 * @returns the places of the calls in `history`, in the order found; lost ones that never took effect are left out
 * @throws RangeError for more than 30 calls
 */
export function linearize<State, Input>(
  model: Model<State, Input>,
  history: readonly Call<Input>[],
): readonly number[] | undefined {
  if (history.length > CALLS_MAX) throw new RangeError(`more than ${CALLS_MAX} calls: ${history.length}`)
  const answered = history.reduce((bits, { output }, at) => (output === undefined ? bits : bits | (1 << at)), 0)
  const seen = new Set<string>()
  const order: number[] = []

  const search = (placed: number, state: State): boolean => {
    if ((placed & answered) === answered) return true
    const name = `${placed} ${model.nameOf(state)}`
    if (seen.has(name)) return false
    seen.add(name)
    const firstAnswerAt = earliestAnswer(history, placed)
    for (const [at, { input, output, calledAt }] of history.entries()) {
      if ((placed & (1 << at)) !== 0 || calledAt > firstAnswerAt) continue
      const [next, expected] = model.step(state, input)
      if (output !== undefined && output !== expected) continue
      order.push(at)
      if (search(placed | (1 << at), next)) return true
      order.pop()
    }
    return false
  }
  return search(0, model.initial) ? order : undefined
}

/** When the first of the calls was answered that have no place yet. */
function earliestAnswer<Input>(history: readonly Call<Input>[], placed: number): number {
  return Math.min(...history.map(({ answeredAt }, at) => ((placed & (1 << at)) === 0 ? answeredAt : Infinity)))
}

/** One of the things compared: does the same work as the others in its own way. */
export interface Contender {
  readonly name: string
  /** Makes what `count` operations will need, before the clock starts. */
  readonly prepare?: (count: number) => void | Promise<void>
  /** The timed part: exactly `count` operations. */
  readonly run: (count: number) => void | Promise<void>
}

/** How much time a comparison may take: `contenders × (warmUpMs + rounds × sliceMs)`, and as much again to prepare. */
export interface Plan {
  /** Odd, so that the median is a round that happened. */
  readonly rounds: number
  /** What one contender runs for in one round. */
  readonly sliceMs: number
  /** What each runs for before the first round, so that the compiler has done its work. */
  readonly warmUpMs: number
  /**
   * Once the comparison has taken this long, contenders that need more than their share of a round stay away from the rounds
   * that are left; once it has taken twice as long, there are no more rounds. The first takes place in any case. Default: no limit.
   */
  readonly capMs?: number
}

/** What measuring asks of the machine. */
export interface Machine {
  readonly nowMs: () => number
  /** Collects garbage, so that no contender pays for what the one before it left. */
  readonly collect: () => void
}

/** Operations per second of one contender, one number for each round it took part in: the first ones. */
export interface Measured {
  readonly name: string
  readonly perSecond: readonly number[]
}

/** How many slices a contender may take for one round, preparing included. */
const SHARE = 4

/** The process's own clock and, where Node runs with `--expose-gc`, its garbage collector. */
const thisMachine: Machine = {
  nowMs: () => performance.now(),
  collect: () => globalThis.gc?.(),
}

/**
 * Lets the contenders run in turn, round after round, each round starting with another one: whatever else the machine
 * does in the meantime hits all of them alike.
 */
export async function compare(
  contenders: readonly Contender[],
  plan: Plan,
  machine: Machine = thisMachine,
): Promise<readonly Measured[]> {
  const startedMs = machine.nowMs()
  const capMs = plan.capMs ?? Infinity
  const counts: number[] = []
  for (const contender of contenders) counts.push(await warmUp(contender, plan, machine))
  const perSecond: number[][] = contenders.map(() => [])
  const slow = new Set<number>()
  for (let round = 0; round < plan.rounds; round++) {
    const elapsedMs = machine.nowMs() - startedMs
    if (round > 0 && elapsedMs >= 2 * capMs) break
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (round + turn) % contenders.length
      if (round > 0 && elapsedMs >= capMs && slow.has(at)) continue
      const count = counts[at]!
      const beganMs = machine.nowMs()
      const tookMs = await timed(contenders[at]!, count, machine)
      perSecond[at]!.push((count * 1000) / tookMs)
      if (machine.nowMs() - beganMs > SHARE * plan.sliceMs) slow.add(at)
    }
  }
  return contenders.map(({ name }, at) => ({ name, perSecond: perSecond[at]! }))
}

/** The middle of the rates. */
export function rateOf(measured: Measured): number {
  return median(measured.perSecond)
}

/** How far the rates lie apart: from the slowest to the fastest, as a part of the middle one. 0 for a single round. */
export function spreadOf({ perSecond }: Measured): number {
  return (Math.max(...perSecond) - Math.min(...perSecond)) / median(perSecond)
}

/** How many times as fast `a` is as `b`: the middle of what their common rounds say, each of which compares neighbours in time. */
export function ratioOf(a: Measured, b: Measured): number {
  const rounds = Math.min(a.perSecond.length, b.perSecond.length)
  return median(a.perSecond.slice(0, rounds).map((rate, round) => rate / b.perSecond[round]!))
}

/** The middle value; of an even number of values the lower middle. @throws RangeError if there is none */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]
  if (middle === undefined) throw new RangeError("no values")
  return middle
}

/** Runs a contender for `warmUpMs`, and finds how many operations fill a slice. */
async function warmUp(contender: Contender, plan: Plan, machine: Machine): Promise<number> {
  const startedMs = machine.nowMs()
  let count = 1
  for (;;) {
    const tookMs = Math.max(await timed(contender, count, machine), 0.01)
    const fillsSlice = Math.max(1, Math.round((count * plan.sliceMs) / tookMs))
    if (machine.nowMs() - startedMs >= plan.warmUpMs) return fillsSlice
    count = Math.min(fillsSlice, count * 4)
  }
}

async function timed(contender: Contender, count: number, machine: Machine): Promise<number> {
  await contender.prepare?.(count)
  machine.collect()
  const startedMs = machine.nowMs()
  await contender.run(count)
  return machine.nowMs() - startedMs
}

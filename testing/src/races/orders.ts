import { Prng } from "../simulate/prng.ts"
import type { RaceOrder } from "./race.ts"

/** Up to so many racers every order is tried; above, orders are drawn. */
export const ALL_ORDERS_UP_TO = 5
export const RACERS_MAX = 16

/** Every order in which the commits of so many racers can arrive, and both moments of hearing of a refusal. */
export function allOrders(racerCount: number): RaceOrder[] {
  const numbers = Array.from({ length: racerCount }, (_, i) => i)
  return permutationsOf(numbers).flatMap((arrival) => [
    { arrival, refusals: "before" },
    { arrival, refusals: "after" },
  ])
}

/** One order of everything that is delivered, drawn from a seed. */
export function randomOrder(racerCount: number, seed: number): RaceOrder {
  const prng = new Prng(BigInt(seed), "order")
  const arrival = prng.shuffled(Array.from({ length: racerCount }, (_, i) => i))
  return { arrival, refusals: prng.pick(["before", "after"]), seed }
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((first, i) =>
    permutationsOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first].concat(rest)),
  )
}

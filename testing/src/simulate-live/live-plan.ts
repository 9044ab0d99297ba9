import { Prng } from "../simulate/prng.ts"

/** A time in which some members do not reach the others. Virtual milliseconds. */
export interface Partition {
  readonly fromMs: number
  readonly untilMs: number
  /** Whoever has an id with this remainder is on the one side, everybody else on the other. */
  readonly modulus: number
  readonly remainder: number
}

/** Somebody stops in the middle of what they do. */
export interface Kill {
  /** From then on it waits for its moment. */
  readonly armedMs: number
  /** The coordinator of then, or some member. */
  readonly isCoordinator: boolean
  /** Which of its messages in is not worked on any more, counted from 0; or after how many frames out it stops. */
  readonly at: "in" | "out"
  readonly count: number
  /** When it goes on with what it has in memory; `undefined` for never. */
  readonly backAfterMs: number | undefined
}

/** Everything that a seed decides before its history begins. */
export interface LivePlan {
  readonly seed: bigint
  readonly memberCount: number
  readonly troubleMs: number
  /** After the trouble: by default longer than three tries of a change, and all members' turns to take the coordinator's place. */
  readonly peaceMs: number
  readonly loss: number
  readonly duplicates: number
  readonly delayMs: number
  readonly partitions: readonly Partition[]
  readonly kills: readonly Kill[]
  /** Mean time between two wishes of people, milliseconds. */
  readonly wishEveryMs: number
  /** Mean time between two members who want new keys, milliseconds; `undefined` where nobody does. */
  readonly renewEveryMs: number | undefined
}

const MEMBERS_MAX = 20
const PEACE_MS = 180_000
const TROUBLE_MS = [40_000, 120_000] as const

/** Draws the plan of a seed. Each kind of trouble has a stream of chance of its own. */
export function drawLivePlan(seed: bigint): LivePlan {
  const prng = new Prng(seed, "live plan")
  const [size, network, cuts, kills, wishes] = ["size", "network", "partitions", "kills", "wishes"].map((name) =>
    prng.fork(name),
  ) as [Prng, Prng, Prng, Prng, Prng]
  const renewals = prng.fork("renewals")
  const troubleMs = size.between(...TROUBLE_MS)
  const isLarge = size.chance(0.04)
  return {
    seed,
    memberCount: isLarge ? size.between(9, MEMBERS_MAX) : size.between(2, 7),
    troubleMs,
    peaceMs: PEACE_MS,
    loss: network.chance(0.7) ? network.fraction() * 0.3 : 0,
    duplicates: network.chance(0.5) ? network.fraction() * 0.3 : 0,
    delayMs: network.chance(0.8) ? network.between(1, 2_000) : 1,
    partitions: drawPartitions(cuts, troubleMs),
    kills: drawKills(kills, troubleMs),
    wishEveryMs: wishes.between(3_000, 20_000),
    renewEveryMs: renewals.chance(0.5) ? renewals.between(5_000, 30_000) : undefined,
  }
}

function drawPartitions(prng: Prng, troubleMs: number): Partition[] {
  return Array.from({ length: prng.chance(0.5) ? prng.between(1, 3) : 0 }, () => {
    const fromMs = prng.between(0, troubleMs)
    const modulus = prng.between(2, 4)
    return { fromMs, untilMs: fromMs + prng.between(1_000, 40_000), modulus, remainder: prng.between(0, modulus - 1) }
  })
}

function drawKills(prng: Prng, troubleMs: number): Kill[] {
  return Array.from({ length: prng.chance(0.8) ? prng.between(1, 3) : 0 }, () => ({
    armedMs: prng.between(0, troubleMs),
    isCoordinator: prng.chance(0.8),
    at: prng.pick(["in", "out"] as const),
    count: prng.between(0, 12),
    backAfterMs: prng.chance(0.5) ? prng.between(1_000, 60_000) : undefined,
  }))
}

import type { CipherSuite } from "@qpc/crypto"
import { compare } from "../bench/measure.ts"
import type { Contender, Machine, Plan } from "../bench/measure.ts"
import { PrimitiveBound } from "../bench/mls-bound.ts"
import { sizesOf } from "../bench/mls-messages.ts"
import { boundContender } from "./bound-runner.ts"
import { boundOf } from "./bounds.ts"
import type { Implementation, MessageBytes, Player } from "./implementation.ts"
import { repeat } from "./library.ts"
import type { ImplementationId } from "./library.ts"
import { isMeasuredAt, OPERATIONS, PEER_MEMBERS_LIMIT } from "./operations.ts"
import type { Operation, OperationName } from "./operations.ts"
import type { Comparison } from "./ratios.ts"

/** What to measure, and how long. */
export interface RunOptions {
  readonly plan: Plan
  /** No comparison begins after this; what is left out is named in {@link Run.leftOut}. */
  readonly budgetMs: number
  readonly sizes: readonly number[]
  /** All operations where it is empty. */
  readonly only: readonly OperationName[]
  /** Of the bound. Ours has it too, perhaps with faster primitives. */
  readonly suite: CipherSuite
  readonly report: (progress: string) => void
  /** Of the budget. */
  readonly nowMs: () => number
  /** What slices are measured by; the process's own clock where it is absent. */
  readonly machine: Machine | undefined
}

/** Bytes or memory of one implementation in groups of one size. */
export interface Figure<T> {
  readonly implementation: ImplementationId
  readonly memberCount: number
  readonly value: T
}

/** All that was measured. */
export interface Run {
  readonly comparisons: readonly Comparison[]
  readonly bytes: readonly Figure<MessageBytes>[]
  readonly memory: readonly Figure<number>[]
  /** What the time was not enough for. */
  readonly leftOut: readonly string[]
}

/** From this size on the memory of a group is more than the noise of measuring it. */
const MEMORY_FROM_MEMBERS = 100

/** Plays all comparisons, size by size, everybody in turn. */
export async function run(implementations: readonly Implementation[], options: RunOptions): Promise<Run> {
  const startedMs = options.nowMs()
  const isLate = (): boolean => options.nowMs() - startedMs >= options.budgetMs
  const made: MutableRun = { comparisons: [], bytes: [], memory: [], leftOut: [] }
  const isWanted = ({ name }: Operation): boolean => options.only.length === 0 || options.only.includes(name)

  const alone = OPERATIONS.filter((operation) => operation.sizes === "none").filter(isWanted)
  await playSize({ implementations, options, made, isLate }, 0, alone)
  for (const memberCount of options.sizes) {
    const operations = OPERATIONS.filter((one) => isMeasuredAt(one, memberCount)).filter(isWanted)
    const able = implementations.filter(({ membersLimit }) => memberCount <= membersLimit)
    await playSize({ implementations: able, options, made, isLate }, memberCount, operations)
  }
  return made
}

interface MutableRun {
  readonly comparisons: Comparison[]
  readonly bytes: Figure<MessageBytes>[]
  readonly memory: Figure<number>[]
  readonly leftOut: string[]
}

interface Playing {
  readonly implementations: readonly Implementation[]
  readonly options: RunOptions
  readonly made: MutableRun
  readonly isLate: () => boolean
}

async function playSize(playing: Playing, memberCount: number, operations: readonly Operation[]): Promise<void> {
  const { implementations, options, made, isLate } = playing
  const players = implementations.map(
    (implementation) => [implementation.id, implementation.at(Math.max(2, memberCount))] as const,
  )
  for (const { name } of operations) {
    const label = memberCount === 0 ? name : `${name} at ${memberCount} members`
    if (isLate()) {
      made.leftOut.push(label)
      continue
    }
    options.report(label)
    const contenders = await contendersOf(players, name, memberCount, options)
    const measured = await compare(contenders, options.plan, options.machine)
    made.comparisons.push({ operation: name, memberCount, measured })
  }
  for (const [, player] of players) await player.free()
  const isWhole = options.only.length === 0 && memberCount > 0
  if (isWhole) await measureBytes(playing, memberCount)
  if (isWhole && memberCount >= MEMORY_FROM_MEMBERS) await measureMemory(playing, memberCount)
}

/** In groups of their own: those that were measured have used up more generations than most libraries let others skip. */
async function measureBytes({ implementations, made, isLate }: Playing, memberCount: number): Promise<void> {
  for (const implementation of implementations) {
    if (isLate()) return
    const player = implementation.at(Math.max(2, memberCount))
    made.bytes.push({ implementation: implementation.id, memberCount, value: await player.messageBytes() })
    await player.free()
  }
}

async function measureMemory(playing: Playing, memberCount: number): Promise<void> {
  const { implementations, options, made, isLate } = playing
  for (const implementation of implementations) {
    if (isLate()) made.leftOut.push(`memory of ${implementation.id} at ${memberCount} members`)
    else {
      options.report(`memory of ${implementation.id} at ${memberCount} members`)
      const value = await implementation.memoryBytes(memberCount)
      if (value !== undefined) made.memory.push({ implementation: implementation.id, memberCount, value })
    }
  }
}

async function contendersOf(
  players: readonly (readonly [ImplementationId, Player])[],
  operation: OperationName,
  memberCount: number,
  { suite }: RunOptions,
): Promise<readonly Contender[]> {
  const contenders: Contender[] = []
  for (const [id, player] of players) {
    // Above what peers can do, the other suite of ours has nothing to be compared with.
    if (id === "ours_chacha" && memberCount > PEER_MEMBERS_LIMIT) continue
    const contender = await player.contender(operation)
    if (contender !== undefined) contenders.push(contender)
    if (id === "ours") contenders.push(...boundsFor(operation, memberCount, suite))
  }
  return contenders
}

/** Messages are compared with node:crypto itself, everything else with primitives through the suite. */
function boundsFor(operation: OperationName, memberCount: number, suite: CipherSuite): readonly Contender[] {
  const steps = boundOf(operation, memberCount)
  if (steps !== undefined) return [boundContender("bound", suite, steps)]
  if (!operation.includes("protect")) return []
  const messages = new PrimitiveBound(sizesOf(operation.endsWith("10k") ? 10_240 : 100))
  const once = operation.startsWith("unprotect") ? () => messages.unprotect() : () => messages.protect()
  return [{ name: "bound", run: async (count) => await repeat(count, once) }]
}

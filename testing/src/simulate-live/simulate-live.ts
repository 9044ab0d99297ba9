import { suite0001 } from "@qpc/crypto/node"
import { toHex, toUtf8 } from "@qpc/wire"
import { Prng } from "../simulate/prng.ts"
import type { FrameCounts } from "./live-network.ts"
import type { LiveViolation } from "./live-oracle.ts"
import { drawLivePlan } from "./live-plan.ts"
import type { LivePlan } from "./live-plan.ts"
import { LiveWorld } from "./live-world.ts"
import type { LiveProcess } from "./live-world.ts"

const TEXT_MS = 5_000
const BUILD_MS = 200
/** How often people look who is gone. */
const TIDY_MS = 10_000

/** What came of a seed. */
export interface LiveReport {
  readonly seed: bigint
  readonly plan: LivePlan
  readonly lines: readonly string[]
  /** Of all lines: equal for equal histories. */
  readonly hash: string
  readonly violations: readonly LiveViolation[]
  readonly frames: FrameCounts
  readonly killed: number
  /** Epochs of the line that is left. */
  readonly epochs: number
  /** Members who are in it at the end. */
  readonly members: number
}

/** Plays the history of a seed: a group comes together, goes through trouble, and has peace at the end. */
export function simulateLive(seed: bigint, changes: Partial<LivePlan> = {}): LiveReport {
  const plan = { ...drawLivePlan(seed), ...changes }
  const world = new LiveWorld(plan)
  for (let count = 1; count < plan.memberCount; count++) {
    world.invite(world.processes.get(1)!)
    world.run(BUILD_MS)
  }
  trouble(world)
  const line = peace(world)
  const hash = toHex(suite0001.hash(toUtf8(world.lines.join("\n")))).slice(0, 16)
  const { violations } = world.oracle
  return {
    seed,
    plan,
    lines: world.lines,
    hash,
    violations,
    frames: world.network.counts,
    killed: world.killed,
    epochs: Number(line[0]?.member.epoch ?? 0n),
    members: line.length,
  }
}

function trouble(world: LiveWorld): void {
  const { plan } = world
  const prng = new Prng(plan.seed, "live people")
  world.network.troubleSinceMs = world.nowMs
  world.note(`trouble: loss ${plan.loss.toFixed(2)}, delay ${plan.delayMs}, ${plan.partitions.length} partitions`)
  for (const kill of plan.kills) {
    world.after(kill.armedMs, () => {
      const [first] = kill.isCoordinator ? world.coordinators : world.active
      if (first !== undefined) first.kill = kill
    })
  }
  const endMs = world.nowMs + plan.troubleMs
  const wish = (): void => {
    if (world.nowMs >= endMs) return
    wishOf(world, prng)
    world.after(Math.ceil(prng.waitMs(plan.wishEveryMs)), wish)
  }
  world.after(Math.ceil(prng.waitMs(plan.wishEveryMs)), wish)
  renewals(world, endMs)
  world.after(TIDY_MS, () => tidy(world))
  world.run(plan.troubleMs)
}

/** Now and then a member wants new keys. */
function renewals(world: LiveWorld, endMs: number): void {
  const { renewEveryMs, seed } = world.plan
  if (renewEveryMs === undefined) return
  const prng = new Prng(seed, "live renewals")
  const renew = (): void => {
    if (world.nowMs >= endMs) return
    const { active } = world
    const somebody = active[Math.floor(prng.fraction() * active.length)]
    if (somebody !== undefined) world.renew(somebody)
    world.after(Math.ceil(prng.waitMs(renewEveryMs)), renew)
  }
  world.after(Math.ceil(prng.waitMs(renewEveryMs)), renew)
}

/** People want somebody in or out, write, or go. */
function wishOf(world: LiveWorld, prng: Prng): void {
  const [kind, who, whom] = [prng.fraction(), prng.fraction(), prng.fraction()]
  const { coordinators, active } = world
  const coordinator = coordinators[Math.floor(who * coordinators.length)]
  const somebody = active[Math.floor(who * active.length)]
  if (kind < 0.35 && somebody !== undefined) world.say(somebody)
  else if (kind < 0.65 && coordinator !== undefined) world.invite(coordinator)
  else if (kind < 0.85 && coordinator !== undefined) {
    const others = coordinator.member.memberIds.filter((id) => id !== coordinator.id)
    const id = others[Math.floor(whom * others.length)]
    if (id !== undefined && others.length > 1) world.remove(coordinator, [id])
  } else if (active.length > 2 && somebody !== undefined && mayLeave(somebody, active)) world.leave(somebody)
}

/** Nobody leaves who alone knows how far the group has gone: whoever is behind would have nobody to ask, which cannot be mended. */
function mayLeave({ id, member }: LiveProcess, active: readonly LiveProcess[]): boolean {
  return active.some(({ id: other, member: { epoch, pendingTransitionId } }) => {
    return other !== id && epoch >= member.epoch && pendingTransitionId === 0
  })
}

/** Removes who is gone for good, if those are fewer than who is left: a part that is cut off must not remove the rest. */
function tidy(world: LiveWorld): void {
  for (const process of world.coordinators) {
    const { member } = process
    if (member.pendingTransitionId !== 0) continue
    const gone = member.memberIds.filter((id) => isGone(world.processes.get(id)))
    if (gone.length > 0 && 2 * gone.length < member.memberIds.length) world.remove(process, gone)
  }
  world.after(TIDY_MS, () => tidy(world))
}

function isGone(process: LiveProcess | undefined): boolean {
  return process === undefined || process.state === "dead" || ["failed", "closed"].includes(process.member.endpoint)
}

/** Everything works again. Who is in the line at the end. */
function peace(world: LiveWorld): LiveProcess[] {
  world.network.troubleSinceMs = undefined
  world.note("peace")
  for (const process of world.processes.values()) {
    process.kill = undefined
    world.resume(process)
  }
  world.run(world.plan.peaceMs)
  const { oracle } = world
  oracle.checkLines()
  const line = world.active.filter(({ id }) => !oracle.removed.has(id))
  for (const { id, member } of line) {
    const { endpoint, epoch, memberIds, coordinatorId, pendingTransitionId } = member
    world.note(
      `${id} ends ${endpoint} in ${epoch} with [${memberIds.join()}], led by ${coordinatorId}, ${pendingTransitionId}`,
    )
  }
  judge(world, line)
  return line
}

function judge(world: LiveWorld, line: readonly LiveProcess[]): void {
  const { oracle } = world
  const ids = line.map(({ id }) => id).join(", ")
  const count = (of: (process: LiveProcess) => string): number => new Set(line.map(of)).size
  if (count(({ member }) => toHex(member.epochAuthenticator())) > 1)
    oracle.tell("two_epochs", `${ids} are not in one epoch`)
  if (count(({ member }) => member.memberIds.join()) > 1) oracle.tell("two_rosters", `${ids} see different members`)
  const stuck = line.filter(({ member }) => member.endpoint !== "active")
  if (stuck.length > 0) oracle.tell("stuck", `${stuck.map(({ id }) => id).join(", ")} still ask how things stand`)
  const texts = line.map((process) => ({ from: process.id, text: world.say(process) }))
  world.run(TEXT_MS)
  for (const { from, text } of texts) {
    const deaf = line.filter(({ id }) => id !== from && !oracle.hasRead(id, text))
    for (const { id } of deaf) oracle.tell("unread", `${id} did not read what ${from} wrote`)
  }
}

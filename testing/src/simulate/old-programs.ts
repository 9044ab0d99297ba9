import type { ClientNode } from "./client-node.ts"
import type { Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import type { World } from "./world.ts"

/** What it takes to have old programs about. */
export interface OldProgramOptions {
  readonly world: World
  readonly prng: Prng
  readonly plan: Plan
  readonly devices: readonly ClientNode[]
}

/** An old program is updated after about so long. */
const UPDATED_AFTER_MS = 5_000

/**
 * Lets some devices have a program of before there were other cipher suites: from the beginning, or for a while in between, as when
 * somebody puts an old one back. Call it before anything runs.
 */
export function startOldPrograms({ world, prng, plan, devices }: OldProgramOptions, endsAtMs: number): void {
  for (const node of devices) {
    const luck = prng.fork(node.name)
    const [isOld, isFromBeginning] = [luck.chance(plan.oldPrograms), luck.chance(0.5)]
    const [fromMs, lastsMs] = [isFromBeginning ? 0 : luck.fraction() * endsAtMs, luck.waitMs(UPDATED_AFTER_MS)]
    if (!isOld) continue
    if (isFromBeginning) node.useProgram("old")
    else world.schedule(fromMs, () => replace(world, node, "old"))
    world.schedule(fromMs + lastsMs, () => replace(world, node, "of today"))
  }
}

function replace(world: World, node: ClientNode, program: "old" | "of today"): void {
  world.trace.count(program === "old" ? "old programs put back" : "programs updated")
  world.trace.note(`${node.name}: the program is ${program} from now on`)
  node.useProgram(program)
}

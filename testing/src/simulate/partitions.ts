import type { Address, Direction, PacketNetwork } from "./packet-network.ts"
import type { PartitionShape, Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import type { World } from "./world.ts"

/** What falling apart needs. */
export interface PartitionOptions {
  readonly world: World
  readonly network: PacketNetwork
  readonly prng: Prng
  readonly plan: Plan
  readonly clients: readonly Address[]
}

const BOTH: readonly Direction[] = ["up", "down"]
const FLAP_MS = 150
const CLOG_STEP_MS = 120

/**
 * Lets the network fall apart and heal, again and again, until `endsAtMs`.
 *
 * All traffic goes through the server, so a partition is a set of links that carry nothing: of everybody, of some, in one
 * direction only, of all but one (the bridge), on and off in quick succession; and swizzle-clog (FoundationDB), which
 * stops links one by one in one order and lets them go on in another.
 */
export function startPartitions(options: PartitionOptions, endsAtMs: number): void {
  const { world, prng, plan } = options
  if (plan.shapes.length === 0) return
  const next = (): void => {
    world.schedule(prng.waitMs(plan.partitionEveryMs), () => {
      if (world.nowMs() >= endsAtMs) return
      const shape = prng.pick(plan.shapes)
      const lastsMs = Math.min(prng.waitMs(plan.partitionLastsMs), endsAtMs - world.nowMs())
      world.trace.count(`partition ${shape}`)
      world.trace.note(`network: partition ${shape} for ${lastsMs.toFixed(0)} ms`)
      apply(shape, options, lastsMs)
      world.schedule(lastsMs, () => {
        options.network.unblockAll()
        next()
      })
    })
  }
  next()
}

function apply(shape: PartitionShape, options: PartitionOptions, lastsMs: number): void {
  const { clients, network, prng } = options
  const cut = (addresses: readonly Address[], directions = BOTH): void => {
    for (const address of addresses) for (const direction of directions) network.block(address, direction, "cut")
  }
  const some = clients.filter(() => prng.chance(0.5))
  switch (shape) {
    case "total":
      return cut(clients)
    case "subset":
      return cut(some)
    case "one_way":
      return cut(some.length > 0 ? some : clients, [prng.pick(BOTH)])
    case "bridge": {
      const bridge = prng.pick(clients)
      return cut(clients.filter((address) => address !== bridge))
    }
    case "flapping":
      return flap(some.length > 0 ? some : clients, options, lastsMs)
    case "swizzle_clog":
      return swizzle(options, lastsMs)
  }
}

function flap(addresses: readonly Address[], { world, network }: PartitionOptions, lastsMs: number): void {
  for (let atMs = 0, isCut = true; atMs < lastsMs; atMs += FLAP_MS, isCut = !isCut) {
    const blockage = isCut ? "cut" : "open"
    world.schedule(atMs, () => {
      for (const address of addresses) for (const direction of BOTH) network.block(address, direction, blockage)
    })
  }
}

function swizzle({ world, network, clients, prng }: PartitionOptions, lastsMs: number): void {
  const stepMs = Math.min(CLOG_STEP_MS, lastsMs / (2 * clients.length))
  const turn = (order: readonly Address[], startMs: number, blockage: "clogged" | "open"): void => {
    order.forEach((address, i) =>
      world.schedule(startMs + i * stepMs, () => {
        for (const direction of BOTH) network.block(address, direction, blockage)
      }),
    )
  }
  turn(prng.shuffled(clients), 0, "clogged")
  turn(prng.shuffled(clients), lastsMs / 2, "open")
}

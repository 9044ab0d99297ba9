import type { ClientNode } from "./client-node.ts"
import type { Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import type { ServerNode } from "./server-node.ts"
import type { World } from "./world.ts"

/** What can be troubled. */
export interface TroubleOptions {
  readonly world: World
  readonly prng: Prng
  readonly plan: Plan
  readonly devices: readonly ClientNode[]
  readonly server: ServerNode
}

/** A server whose disk failed asks clients to stay away for 5 s; the last such failure comes early enough. */
const SERVER_DISK_ENDS_BEFORE_MS = 6_000

/** What happens to devices and disks at times of its own, not at a durable step. */
export function startTroubles(options: TroubleOptions, endsAtMs: number): void {
  const { plan, world, devices, server, prng } = options
  const every = (name: string, meanMs: number, happen: (prng: Prng) => void): void => {
    const luck = prng.fork(name)
    const next = (): void => {
      world.schedule(luck.waitMs(meanMs), () => {
        if (world.nowMs() >= endsAtMs) return
        happen(luck)
        next()
      })
    }
    next()
  }
  if (plan.faults.has("client_kills")) every("kill", 4_000, (luck) => kill(world, luck.pick(devices)))
  if (plan.faults.has("offline")) every("offline", 5_000, (luck) => goOffline(world, luck, luck.pick(devices)))
  if (plan.faults.has("short_log")) world.schedule(endsAtMs / 3, () => travel(world, devices[plan.deviceCount - 1]!))
  if (plan.faults.has("client_disk_full")) every("full", 4_000, (luck) => fill(world, luck, luck.pick(devices)))
  if (plan.faults.has("bit_rot")) every("rot", 10_000, (luck) => rot(world, luck, luck.pick(devices)))
  if (plan.faults.has("server_disk")) {
    const serverEndsAtMs = endsAtMs - SERVER_DISK_ENDS_BEFORE_MS
    every("server full", 6_000, (luck) => fillServer(world, luck, server, serverEndsAtMs))
    world.schedule(serverEndsAtMs - world.nowMs(), () => (server.diskFaults = { ...server.diskFaults, broken: 0 }))
  }
}

function kill(world: World, node: ClientNode): void {
  if (node.client === undefined) return
  world.trace.count("clients killed")
  world.trace.note(`${node.name}: killed`)
  node.kill()
}

function goOffline(world: World, luck: Prng, node: ClientNode): void {
  if (node.client === undefined || node.isOff) return
  const awayMs = luck.waitMs(6_000)
  world.trace.count("clients offline")
  world.trace.note(`${node.name}: switched off for ${awayMs.toFixed(0)} ms`)
  void node.switchOff()
  world.schedule(awayMs, () => node.switchOn())
}

/** Away until nothing goes wrong any more: by then commits may have left the log. */
function travel(world: World, node: ClientNode): void {
  world.trace.note(`${node.name}: switched off for the rest`)
  void node.switchOff()
}

function fill(world: World, luck: Prng, node: ClientNode): void {
  world.trace.count("client disks full")
  world.trace.note(`${node.name}: disk full`)
  node.diskFaults = { ...node.diskFaults, isFull: true }
  world.schedule(luck.waitMs(1_500), () => (node.diskFaults = { ...node.diskFaults, isFull: false }))
}

function fillServer(world: World, luck: Prng, server: ServerNode, endsAtMs: number): void {
  const lastsMs = Math.min(luck.waitMs(1_500), endsAtMs - world.nowMs())
  if (lastsMs <= 0) return
  world.trace.note("server: disk full")
  server.diskFaults = { ...server.diskFaults, isFull: true }
  world.schedule(lastsMs, () => (server.diskFaults = { ...server.diskFaults, isFull: false }))
}

/** Only a device that is off can be damaged unseen: whoever runs has its state in memory. */
function rot(world: World, luck: Prng, node: ClientNode): void {
  if (node.isOff) return
  node.kill()
  if (node.rot(luck)) world.trace.count("bits flipped")
}

import type { CipherSuite } from "@qpc/crypto"
import { MemoryStore, openClient } from "@qpc/sdk"
import type { ClientNode } from "./client-node.ts"
import { enrolSecond } from "./enrol.ts"
import { noOpaque } from "./no-opaque.ts"
import type { Prng } from "./prng.ts"
import { never, Process } from "./process.ts"
import type { ServerNode } from "./server-node.ts"
import { attempt } from "./workload.ts"
import type { WorkloadOptions } from "./workload.ts"

/** What linking devices takes. */
export interface SecondDeviceOptions extends WorkloadOptions {
  readonly suite: CipherSuite
  readonly server: ServerNode
}

/** By then the first devices have been online once. */
const LINK_AFTER_MS = 700
const LINK_SPREAD_MS = 800
/** What a person could not do is tried again after so long. */
const AGAIN_MS = 500
/** Some of those who have linked a device open the program on the first one again, which brings the new one into their groups. */
const REOPEN_AFTER_MS = 1_000
/** A lost device is missed after about so long. */
const MISSED_AFTER_MS = 2_000

/** What becomes of two devices of one person. */
const FATES = ["kept", "kept", "kept", "taken back", "lost", "first lost"] as const

/**
 * Lets people link a second device each, and some of them take it back, lose it, or lose the first one. The network, disks and processes
 * of second devices are as bad as those of the others.
 */
export function startSecondDevices(options: SecondDeviceOptions, endsAtMs: number): void {
  const { world, devices, prng } = options
  for (const node of devices.filter(({ isSecond }) => isSecond)) {
    const luck = prng.fork(node.name)
    world.schedule(LINK_AFTER_MS + luck.waitMs(LINK_SPREAD_MS), () => void link(options, luck, node, endsAtMs))
  }
}

async function link(options: SecondDeviceOptions, luck: Prng, node: ClientNode, endsAtMs: number): Promise<void> {
  const { world, suite, server } = options
  const { first, disk } = node
  const request = await requestLink(options, luck, node)
  node.key = request.slice(0, 64)
  const isApproved = await untilDone(options, endsAtMs, async () => {
    const { client } = first
    const wish = `link ${node.name}`
    return client !== undefined && (await attempt(options, first, wish, () => client.approveDevice(request)))
  })
  if (!isApproved) return
  world.trace.count("devices linked")
  const random = luck.fork("session").bytes
  await enrolSecond({ suite, random, disk, storage: server.storage, nowMs: world.unixMs() })
  node.isEnrolled = true
  void node.start()
  world.schedule(REOPEN_AFTER_MS + luck.waitMs(REOPEN_AFTER_MS), () => void reopen(options, first, endsAtMs))
  // The second half of what is left: by then most have groups in common.
  const fateAtMs = (0.5 + 0.5 * luck.fraction()) * Math.max(0, endsAtMs - world.nowMs())
  const fate = luck.pick(FATES)
  world.schedule(fateAtMs, () => meet(fate, options, luck, node, endsAtMs))
}

/** What the new device shows. The program runs there without a network, and not for long enough to fail. */
async function requestLink({ world, suite }: SecondDeviceOptions, luck: Prng, node: ClientNode): Promise<string> {
  const process = new Process(world, `${node.name}#0`)
  const { clock } = process
  const parts = { store: new MemoryStore(node.disk), dial: () => never<never>(), suite, clock, opaque: noOpaque }
  const client = await openClient({ ...parts, random: luck.fork("request").bytes })
  const request = await client.requestLink(node.username)
  await client.close()
  process.kill()
  return request
}

async function reopen({ world }: SecondDeviceOptions, node: ClientNode, endsAtMs: number): Promise<void> {
  if (world.nowMs() >= endsAtMs || node.client === undefined || node.isOff) return
  await node.switchOff()
  node.switchOn()
}

function meet(
  fate: (typeof FATES)[number],
  options: SecondDeviceOptions,
  luck: Prng,
  node: ClientNode,
  endsAtMs: number,
): void {
  const { trace } = options.world
  if (fate === "kept" || node.isGone || node.first.isGone) return
  if (fate === "taken back") return void takeBack(options, node, endsAtMs)
  const lost = fate === "lost" ? node : node.first
  trace.count(fate === "lost" ? "second devices lost" : "first devices lost, the second kept")
  trace.note(`${lost.name}: lost for good`)
  lost.lose()
  if (fate === "lost")
    options.world.schedule(luck.waitMs(MISSED_AFTER_MS), () => void takeBack(options, node, endsAtMs))
}

async function takeBack(options: SecondDeviceOptions, node: ClientNode, endsAtMs: number): Promise<void> {
  const { world } = options
  await untilDone(options, endsAtMs, async () => {
    const { client } = node.first
    if (client === undefined) return false
    node.takenBack = "asked"
    const isDone = await attempt(options, node.first, `take back ${node.name}`, () => client.removeDevice(node.key))
    if (!isDone) return false
    world.trace.count("devices taken back")
    node.takenBack = "noted"
    return true
  })
}

/** Tries until it worked. @returns false if that did not happen before the end */
async function untilDone(
  { world }: SecondDeviceOptions,
  endsAtMs: number,
  tryOnce: () => Promise<boolean>,
): Promise<boolean> {
  while (world.nowMs() < endsAtMs) {
    if (await tryOnce()) return true
    await new Promise<void>((resolve) => world.schedule(AGAIN_MS, resolve))
  }
  return false
}

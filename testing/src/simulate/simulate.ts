import type { CipherSuite } from "@qpc/crypto"
import { monitorNonces } from "@qpc/crypto/conformance"
import type { Change, Conversation } from "@qpc/sdk"
import { toHex } from "@qpc/wire"
import { ClientNode } from "./client-node.ts"
import { enrol } from "./enrol.ts"
import { unsettled, viewsOf } from "./liveness.ts"
import type { Unsettled } from "./liveness.ts"
import { Oracle } from "./oracle.ts"
import { PacketNetwork, PERFECT_LINK } from "./packet-network.ts"
import { startKeyUpdates } from "./key-updates.ts"
import { startOldPrograms } from "./old-programs.ts"
import { startPartitions } from "./partitions.ts"
import { drawPlan } from "./plan.ts"
import type { Plan, Restrictions } from "./plan.ts"
import { Prng } from "./prng.ts"
import { Probes } from "./probes.ts"
import { startSecondDevices } from "./second-devices.ts"
import { ServerNode } from "./server-node.ts"
import { startSuiteChanges } from "./suite-changes.ts"
import { startTroubles } from "./troubles.ts"
import type { Violation } from "./violation.ts"
import { startWorkload, writeText } from "./workload.ts"
import type { WorkloadOptions } from "./workload.ts"
import { World } from "./world.ts"
import type { Drain } from "./world.ts"

/** What a run needs from outside. */
export interface SimulateOptions {
  readonly seed: bigint
  readonly suite: CipherSuite
  /** What groups change to where that is drawn, beside `suite`: 0x0003, and X-Wing that draws no randomness of its own. */
  readonly otherSuites: readonly CipherSuite[]
  readonly drain: Drain
  readonly restrictions?: Restrictions
}

/** What a run came to. */
export interface SimulationReport {
  readonly seed: bigint
  readonly plan: Plan
  /** Of everything that happened: the same seed and code give the same. */
  readonly hash: string
  readonly violations: readonly Violation[]
  readonly counters: ReadonlyMap<string, number>
  /** The last lines of what happened, oldest first. */
  readonly lines: readonly string[]
  /** How long after the last fault everybody agreed, in virtual milliseconds. */
  readonly settledAfterMs: number | undefined
}

/** After the last fault the world has so long to come to rest, and again for the probes. */
const SETTLE_WITHIN_MS = 5_000
/** What waits for room in an inbox is offered again every second or so, one message after the other. */
const SETTLE_MS_OF_SMALL_INBOXES = 15_000
/** Everybody has been online once before the network turns bad. */
const CALM_MS = 500
/** Between two looks at whether it has. */
const LOOK_EVERY_MS = 50
const USUAL_MEMBERS = 12
/** Beyond that, a device more takes so much longer: everybody's changes go through one line of epochs. */
const SETTLE_MS_PER_DEVICE = 300

/** Runs one seed from the first event to the last probe. Never rejects for what it is there to find. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const simulation = new Simulation(drawPlan(options.seed, options.restrictions), options)
  await simulation.run()
  return simulation.report()
}

class Simulation {
  readonly #plan: Plan
  readonly #world: World
  readonly #oracle: Oracle
  readonly #network: PacketNetwork
  readonly #server: ServerNode
  readonly #devices: readonly ClientNode[]
  readonly #workload: WorkloadOptions
  readonly #suite: CipherSuite
  readonly #prng: Prng
  /** Groups to look at when all is quiet. */
  readonly #changed = new Set<ClientNode>()
  #settledAfterMs: number | undefined

  constructor(plan: Plan, { suite, otherSuites, drain }: SimulateOptions) {
    this.#plan = plan
    this.#prng = new Prng(plan.seed, "run")
    this.#world = new World(drain)
    this.#oracle = new Oracle((what) => this.#world.trace.count(what))
    this.#suite = monitorNonces(suite)
    this.#network = new PacketNetwork(this.#world, this.#prng.fork("network"))
    let connections = 0
    const shared = {
      world: this.#world,
      network: this.#network,
      prng: this.#prng,
      plan,
      suite: this.#suite,
      otherSuites: plan.suiteChanges === undefined ? [] : otherSuites.map((other) => monitorNonces(other)),
      nextConnection: (): number => ++connections,
      onMistake: (what: string, error: unknown): void => this.#oracle.report("mistake", `${what}: ${describe(error)}`),
    }
    const onEnqueued = this.#oracle.enqueued.bind(this.#oracle)
    this.#server = new ServerNode({ ...shared, onEnqueued })
    const onDurable = (node: ClientNode, changes: readonly Change[]): void => this.#durable(node, changes)
    const onOpened = (node: ClientNode): void => void this.#changed.add(node)
    const firsts = Array.from({ length: plan.deviceCount }, (_, i) => {
      return new ClientNode({ ...shared, index: i + 1, onDurable, onOpened })
    })
    const owners = this.#prng.fork("second devices").shuffled(firsts).slice(0, plan.secondDeviceCount)
    const seconds = owners.map((first, i) => {
      return new ClientNode({ ...shared, index: plan.deviceCount + i + 1, first, onDurable, onOpened })
    })
    this.#devices = [...firsts, ...seconds]
    this.#workload = { ...shared, devices: this.#devices, oracle: this.#oracle, prng: this.#prng.fork("workload") }
  }

  async run(): Promise<void> {
    await this.#begin()
    const { durationMs } = this.#plan
    await this.#world.run(durationMs, () => this.#hasFailed)
    if (this.#hasFailed) return
    this.#heal()
    await this.#settle()
    if (!this.#hasFailed) await this.#probe()
  }

  report(): SimulationReport {
    const { trace } = this.#world
    const { counters, lines, hash } = trace
    const settledAfterMs = this.#settledAfterMs
    const { violations } = this.#oracle
    return { seed: this.#plan.seed, plan: this.#plan, hash, violations, counters, lines, settledAfterMs }
  }

  get #hasFailed(): boolean {
    return this.#oracle.violations.length > 0
  }

  async #begin(): Promise<void> {
    const { durationMs, link } = this.#plan
    const world = this.#world
    world.afterEvent = () => this.#look()
    await this.#server.start()
    const programs = { world, plan: this.#plan, devices: this.#devices, prng: this.#prng.fork("programs") }
    startOldPrograms(programs, durationMs)
    for (const node of this.#devices.filter(({ isSecond }) => !isSecond)) {
      const random = this.#prng.fork(`enrol/${node.name}`).bytes
      const { username, disk } = node
      const parts = { suite: this.#suite, random, username, disk, storage: this.#server.storage, nowMs: world.unixMs() }
      node.key = toHex((await enrol(parts)).publicKey)
      node.isEnrolled = true
      void node.start()
    }
    world.schedule(CALM_MS, () => (this.#network.faultsOf = () => link))
    const clients = this.#devices.map(({ index }) => index)
    const shared = { world, plan: this.#plan, devices: this.#devices, server: this.#server, clients }
    startPartitions({ ...shared, network: this.#network, prng: this.#prng.fork("partitions") }, durationMs)
    startTroubles({ ...shared, prng: this.#prng.fork("troubles") }, durationMs)
    startWorkload(this.#workload, durationMs)
    startKeyUpdates({ ...this.#workload, prng: this.#prng.fork("key updates") }, durationMs)
    startSuiteChanges({ ...this.#workload, prng: this.#prng.fork("suite changes") }, durationMs)
    const linking = { ...this.#workload, prng: this.#prng.fork("linking"), suite: this.#suite, server: this.#server }
    startSecondDevices(linking, durationMs)
  }

  /** Nothing goes wrong from now on: the network is whole, disks work, everybody is switched on. */
  #heal(): void {
    this.#world.trace.note("nothing goes wrong any more")
    this.#network.faultsOf = () => PERFECT_LINK
    this.#network.unblockAll()
    this.#server.heal()
    void this.#server.start()
    for (const node of this.#devices) {
      node.heal()
      // Second devices that were taken back, and what groups did not take, are for a new connection of the first.
      if (this.#devices.some(({ isSecond, first }) => isSecond && first === node)) node.kill()
      void node.start()
      node.client?.connect()
    }
  }

  async #settle(): Promise<void> {
    const startMs = this.#world.nowMs()
    const look = (): readonly Unsettled[] => unsettled(this.#devices, this.#oracle)
    const rest = await this.#until(look)
    if (rest.length === 0) this.#settledAfterMs = this.#world.nowMs() - startMs
    this.#reportAll(rest)
  }

  /** Everybody writes to every group, and everybody must read it. */
  async #probe(): Promise<void> {
    const oracle = this.#oracle
    const living = this.#devices.filter(({ isGone }) => !isGone)
    const write = (node: ClientNode, group: Conversation): void => void writeText(this.#workload, node, group)
    const probes = new Probes({ living, oracle, write })
    const look = (): readonly Unsettled[] => [...probes.missed(), ...unsettled(this.#devices, oracle)]
    this.#reportAll(await this.#until(look))
  }

  async #until(look: () => readonly Unsettled[]): Promise<readonly Unsettled[]> {
    const extra = Math.max(0, this.#devices.length - USUAL_MEMBERS) * SETTLE_MS_PER_DEVICE
    const { faults } = this.#plan
    const waiting = faults.has("small_inboxes") || faults.has("short_log") ? SETTLE_MS_OF_SMALL_INBOXES : 0
    const endMs = this.#world.nowMs() + SETTLE_WITHIN_MS + extra + waiting
    let rest = look()
    while (rest.length > 0 && this.#world.nowMs() < endMs && !this.#hasFailed) {
      await this.#world.run(this.#world.nowMs() + LOOK_EVERY_MS, () => this.#hasFailed)
      rest = look()
    }
    return rest
  }

  #reportAll(rest: readonly Unsettled[]): void {
    for (const { kind, what } of rest) this.#oracle.report(kind, what)
  }

  #durable(node: ClientNode, changes: readonly Change[]): void {
    this.#world.trace.count("durable steps")
    for (const { key } of changes) this.#world.trace.mix(key)
    this.#oracle.durable(node, changes)
    const groups = new Set(
      changes.flatMap(({ collection, key }) => (collection === "group_records" ? [toHex(key.subarray(0, 16))] : [])),
    )
    if (groups.size === 0) return
    for (const [group, view] of viewsOf(node)) {
      if (groups.has(group)) this.#oracle.observed(node, group, view, true)
    }
    this.#changed.add(node)
  }

  #look(): void {
    for (const node of this.#changed) {
      for (const [group, view] of viewsOf(node)) this.#oracle.observed(node, group, view, false)
    }
    this.#changed.clear()
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? "" : ` because of ${describe(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

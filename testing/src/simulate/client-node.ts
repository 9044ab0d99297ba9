import type { CipherSuite } from "@qpc/crypto"
import type { GroupLimits } from "@qpc/group"
import { ClientError, newMemoryDisk, openClient } from "@qpc/sdk"
import type { Change, Client } from "@qpc/sdk"
import { GROUP_ID_BYTES, toHex } from "@qpc/wire"
import { ClientDisk } from "./client-disk.ts"
import { Endpoint } from "./endpoint.ts"
import { noOpaque } from "./no-opaque.ts"
import type { PacketNetwork } from "./packet-network.ts"
import { PERFECT_DISK } from "./plan.ts"
import type { DiskFaults, Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import { Process } from "./process.ts"
import type { World } from "./world.ts"

/** What one device of a world is made of. */
export interface ClientNodeOptions {
  readonly world: World
  readonly network: PacketNetwork
  readonly prng: Prng
  readonly plan: Plan
  readonly suite: CipherSuite
  /** Further ones that groups may have. Default none. */
  readonly otherSuites?: readonly CipherSuite[]
  readonly nextConnection: () => number
  /** 1, 2, …: also its address in the network. */
  readonly index: number
  /** The first device of its person; absent where it is that itself. */
  readonly first?: ClientNode
  readonly onDurable: (node: ClientNode, changes: readonly Change[]) => void
  readonly onOpened: (node: ClientNode) => void
  /** The client did what no client should. */
  readonly onMistake: (what: string, error: unknown) => void
}

/** The longest waits of a simulated client; a person who calls `connect` does not wait that long either. */
const RETRY_CAP_MS = 1_000
/** Devices that are lost for good must not take longer to pass over than a world takes to settle. */
const LEAVE_TURN_MS = 200
/** Those who join renew their keys one after the other, so far apart. */
const UPDATE_SPACING_MS = 500
/** People whose inboxes are full and whose devices are lost must not be waited for longer than that either. */
const INVITE_ROOM_MS = 4_000
const LOOK_EVERY_MS = 250
/** How many of the looks at a program that tells of a damaged group make its person have it repaired. */
const REPAIRS_AT_A_LOOK = 0.1

const groupLimits = ({ keyUpdates }: Plan): GroupLimits => ({
  leaveTurnMs: LEAVE_TURN_MS,
  ...(keyUpdates && { updateKeysAfterMs: keyUpdates.afterMs, updateSpacingMs: UPDATE_SPACING_MS }),
})

/** A device with a disk, on which the real client is started, killed, and started again. */
export class ClientNode {
  readonly index: number
  readonly name: string
  /** The first device of its person, which may be this one. */
  readonly first: ClientNode
  readonly disk = newMemoryDisk()
  /** Its key in hexadecimal, which is the person's identity key on a first device; set when it is enrolled. */
  key = ""
  /** False until a session is on its disk: nothing runs on it before. */
  isEnrolled = false
  diskFaults: DiskFaults
  /** True once nobody can use it any more. */
  isLost = false
  /** Whether its person wants it no more: from `asked` on it may be barred at any time, from `noted` on it will be. */
  takenBack: "no" | "asked" | "noted" = "no"
  /** Groups of which a record on its disk is damaged, in hexadecimal. */
  readonly rotten = new Set<string>()
  /** True while a person keeps it switched off. */
  isOff = false
  readonly #options: ClientNodeOptions
  readonly #prng: Prng
  #process: Process | undefined
  #disk: ClientDisk | undefined
  #client: Client | undefined
  #incarnation = 0
  /** What was asked of the process that runs. */
  #asked = new Set<{ readonly what: string }>()
  #program: "old" | "of today" = "of today"
  readonly #skewMs: number
  readonly #patience: Prng
  #isHealed = false

  constructor(options: ClientNodeOptions) {
    this.#options = options
    this.index = options.index
    this.first = options.first ?? this
    this.name = options.first === undefined ? `d${options.index}` : `${options.first.name}b`
    this.#prng = options.prng.fork(this.name)
    this.diskFaults = options.plan.clientDisk
    this.#patience = this.#prng.fork("patience")
    this.#skewMs = Math.round((this.#prng.fork("skew").fraction() * 2 - 1) * options.plan.skewMs)
    this.#look()
  }

  get isSecond(): boolean {
    return this.first !== this
  }

  /** What its person is called. */
  get username(): string {
    return this.first.name
  }

  /** Its person's identity key in hexadecimal. */
  get identityKey(): string {
    return this.first.key
  }

  /** True where nothing can be asked of it any more. */
  get isGone(): boolean {
    return this.isLost || this.takenBack !== "no"
  }

  /** The client, while its process lives and its profile is open. */
  get client(): Client | undefined {
    return this.#process?.isAlive === true ? this.#client : undefined
  }

  /** What its person asked of the running client, which has neither done nor refused it yet. A dead process owes no answer. */
  get unanswered(): readonly string[] {
    return this.client === undefined ? [] : [...this.#asked].map(({ what }) => what)
  }

  /** Its person asks for something. @returns to be called when it is done or refused */
  ask(what: string): () => void {
    const [asked, question] = [this.#asked, { what }]
    asked.add(question)
    return () => void asked.delete(question)
  }

  /** Nothing goes wrong here from now on. Whoever had a failing disk starts the program again. */
  heal(): void {
    this.diskFaults = PERFECT_DISK
    this.isOff = false
    this.#isHealed = true
    this.useProgram("of today")
    if (this.#disk?.isBroken === true) this.kill()
  }

  /** Starts the client on its disk, unless it runs. */
  async start(): Promise<void> {
    if (!this.isEnrolled || this.isLost || this.isOff || this.#process?.isAlive === true) return
    const { world, network, plan, suite, nextConnection, onDurable, onOpened } = this.#options
    const name = `${this.name}#${++this.#incarnation}`
    const process = new Process(world, name, this.#skewMs)
    this.#process = process
    this.#client = undefined
    this.#asked = new Set()
    const prng = this.#prng.fork(name)
    process.onKilled(() => world.schedule(50 + prng.waitMs(1_500), () => void this.start()))
    const { trace } = world
    const store = new ClientDisk({
      disk: this.disk,
      process,
      prng: prng.fork("disk"),
      trace,
      faults: () => this.diskFaults,
      onDurable: (changes) => onDurable(this, changes),
    })
    this.#disk = store
    const endpoint = new Endpoint({ network, process, address: this.index, nextConnection, giveUpMs: plan.giveUpMs })
    endpoint.attach()
    const { dial } = endpoint
    const { clock } = process
    const random = prng.fork("random").bytes
    const reconnect = { baseMs: 50, capMs: RETRY_CAP_MS }
    const limits = {
      keyPackageStock: plan.keyPackageStock,
      keyPackageLow: Math.ceil(plan.keyPackageStock / 2),
      keyPackageLifetimeMs: plan.keyPackageLifetimeMs,
      pastEpochs: plan.pastEpochs,
      retryCapMs: RETRY_CAP_MS,
      inviteRoomMs: INVITE_ROOM_MS,
      callDeadlineMs: plan.callDeadlineMs,
    }
    try {
      const parts = {
        store,
        dial,
        suite,
        otherSuites: this.#otherSuites,
        random,
        clock,
        opaque: noOpaque,
        reconnect,
        limits,
      }
      const client = await openClient({ ...parts, group: groupLimits(plan) })
      this.#client = client
      this.#compareDamage(name, client)
      trace.note(`${name}: open`)
      onOpened(this)
      client.connect()
    } catch (error) {
      this.#notOpened(process, error)
    }
  }

  /** From its next start on, which is soon, it has this program: an old one lacks all suites but the first. */
  useProgram(program: "old" | "of today"): void {
    if (program === this.#program) return
    this.#program = program
    this.kill()
  }

  get #otherSuites(): readonly CipherSuite[] {
    return this.#program === "old" ? [] : (this.#options.otherSuites ?? [])
  }

  /** Pulls the plug. */
  kill(): void {
    this.#process?.kill()
  }

  /** Switches it off as a person does. */
  async switchOff(): Promise<void> {
    const client = this.client
    this.isOff = true
    if (client === undefined) return this.kill()
    const process = this.#process
    await client.close()
    process?.kill()
  }

  switchOn(): void {
    this.isOff = false
    void this.start()
  }

  #notOpened(process: Process, error: unknown): void {
    const { world, onMistake } = this.#options
    if (!(error instanceof ClientError)) return onMistake(`${process.name}: does not open`, error)
    world.trace.note(`${process.name}: does not open (${error.code})`)
    // What is damaged is damaged in groups, and these keep nothing else shut.
    const isShut = error.code === "store_corrupt" || error.code === "store_newer"
    if (isShut) return onMistake(`${process.name}: does not open`, error)
    process.kill()
  }

  /** Exactly what is damaged must be said to be: nothing of it may be used, and nothing else may be left out. */
  #compareDamage(name: string, client: Client): void {
    const { world, onMistake } = this.#options
    const found = new Map(client.damagedGroups().map(({ id, damage }) => [toHex(id), damage]))
    for (const group of this.rotten) {
      const damage = found.get(group)
      if (damage === undefined) onMistake(`${name}: uses the damaged group ${group}`, undefined)
      else world.trace.count("damaged groups noticed")
      if (damage === "keys_deleted") this.rotten.delete(group)
    }
    for (const [group, damage] of found) {
      if (damage === "suite_unsupported" && this.#program === "old") {
        world.trace.count("groups that wait for another program")
        continue
      }
      if (damage !== "keys_deleted" && !this.rotten.has(group)) onMistake(`${name}: calls ${group} damaged`, undefined)
    }
  }

  /** A person who is told of a damaged group has it repaired, sooner or later. */
  async #repair(client: Client): Promise<void> {
    // What was damaged when the client opened, and is there now, is there anew.
    for (const { id } of client.conversations()) this.rotten.delete(toHex(id))
    const group = client.damagedGroups().find(({ damage }) => damage === "record_damaged")
    if (group === undefined || this.#isHealed || !this.#patience.chance(REPAIRS_AT_A_LOOK)) return
    const { world, onMistake } = this.#options
    const id = toHex(group.id)
    world.trace.note(`${this.name}: gives up what is damaged of ${id.slice(0, 8)}`)
    try {
      await group.giveUp()
      this.rotten.delete(id)
      world.trace.count("damaged groups given up")
    } catch (error) {
      if (!(error instanceof ClientError)) onMistake(`${this.name}: gives up a damaged group`, error)
    }
  }

  /** What a person does who sees the program stopped: starts it again. */
  #look(): void {
    this.#options.world.schedule(LOOK_EVERY_MS, () => {
      this.#look()
      const { client } = this
      if (client !== undefined) void this.#repair(client)
      const state = client?.connectionState
      if (state?.at !== "stopped") return
      const { code } = state.error
      this.#options.world.trace.note(`${this.name}: stopped (${code})`)
      if (this.takenBack !== "no" && code === "session_expired") return this.#retire()
      if (!code.startsWith("store_")) return this.#options.onMistake(`${this.name}: stopped`, state.error)
      this.#options.world.trace.count("clients started again after their disk failed")
      this.kill()
    })
  }

  /** The server let it in no more, as it should. */
  #retire(): void {
    this.#options.world.trace.count("devices barred after they were taken back")
    this.lose()
  }

  /** Nobody will ever use it again. */
  lose(): void {
    this.isLost = true
    this.kill()
  }

  /** Damages one bit of one member's state while the device is off. @returns false if there is none */
  rot(prng: Prng): boolean {
    const rows = [...this.disk.collections.get("group_records")!]
    if (rows.length === 0 || this.#process?.isAlive === true) return false
    const [key, value] = prng.pick(rows)
    const damaged = value.slice()
    damaged[prng.between(0, damaged.length - 1)]! ^= 1 << prng.between(0, 7)
    this.disk.collections.get("group_records")!.set(key, damaged)
    this.rotten.add(key.slice(0, 2 * GROUP_ID_BYTES))
    this.#options.world.trace.note(`${this.name}: one bit of group ${key.slice(0, 8)} flips`)
    return true
  }
}

import type { Prng } from "./prng.ts"
import type { World } from "./world.ts"

/** The server is at address 0, clients from 1. */
export type Address = number
export const SERVER: Address = 0

/** What one direction of a link does to packets. */
export interface LinkFaults {
  /** Probability that a packet is lost, 0 to 0.3. */
  readonly loss: number
  /** Probability that a packet arrives twice, 0 to 0.5. */
  readonly duplicate: number
  /** How many later packets may overtake one, 0 to 64. */
  readonly reorderWindow: number
  readonly delayMinMs: number
  /** Up to 5000. */
  readonly delayMaxMs: number
}

/** A network that does no harm. */
export const PERFECT_LINK: LinkFaults = { loss: 0, duplicate: 0, reorderWindow: 0, delayMinMs: 1, delayMaxMs: 5 }

/** Which way between a client and the server. */
export type Direction = "up" | "down"

/** What the network does with packets of one link and direction for a while. */
export type Blockage = "open" | "cut" | "clogged"

/** One datagram. */
export interface Packet {
  readonly from: Address
  readonly to: Address
  readonly connection: number
  readonly kind: "open" | "accept" | "data" | "ack" | "reset"
  /** Number of the segment, or of the next one that is expected. */
  readonly sequence: number
  readonly bytes: Uint8Array
  /** The segment is the last one. */
  readonly isLast: boolean
}

/** Places in the reorder window are this far apart. */
const REORDER_STEP_MS = 4
/** A clogged packet tries again after so long. */
const CLOG_RETRY_MS = 25

/** Carries packets between clients and the server, badly. Every link and direction has luck of its own. */
export class PacketNetwork {
  readonly #world: World
  readonly #prng: Prng
  readonly #luck = new Map<string, Prng>()
  readonly #receivers = new Map<Address, (packet: Packet) => void>()
  readonly #blockages = new Map<string, Blockage>()
  faultsOf: (client: Address, direction: Direction) => LinkFaults = () => PERFECT_LINK

  constructor(world: World, prng: Prng) {
    this.#world = world
    this.#prng = prng
  }

  /** The node at this address is up; with `undefined` it is down, and packets to it are lost. */
  attach(address: Address, receive: ((packet: Packet) => void) | undefined): void {
    if (receive === undefined) this.#receivers.delete(address)
    else this.#receivers.set(address, receive)
  }

  block(client: Address, direction: Direction, blockage: Blockage): void {
    if (blockage === "open") this.#blockages.delete(`${client} ${direction}`)
    else this.#blockages.set(`${client} ${direction}`, blockage)
  }

  /** Ends every partition. */
  unblockAll(): void {
    this.#blockages.clear()
  }

  send(packet: Packet): void {
    const direction: Direction = packet.to === SERVER ? "up" : "down"
    const client = direction === "up" ? packet.from : packet.to
    const link = `${client} ${direction}`
    const luck = this.#luckOf(link)
    const faults = this.faultsOf(client, direction)
    const { trace } = this.#world
    if (luck.chance(faults.loss)) return trace.count("packets lost")
    const copies = luck.chance(faults.duplicate) ? 2 : 1
    if (copies === 2) trace.count("packets duplicated")
    for (let copy = 0; copy < copies; copy++) this.#carry(link, packet, this.#delayMs(luck, faults))
  }

  #delayMs(luck: Prng, { delayMinMs, delayMaxMs, reorderWindow }: LinkFaults): number {
    const held = luck.between(0, reorderWindow)
    if (held > 0) this.#world.trace.count("packets held back")
    return delayMinMs + luck.fraction() * (delayMaxMs - delayMinMs) + held * REORDER_STEP_MS
  }

  #carry(link: string, packet: Packet, delayMs: number): void {
    this.#world.schedule(delayMs, () => {
      const blockage = this.#blockages.get(link) ?? "open"
      if (blockage === "cut") return this.#world.trace.count("packets cut off")
      if (blockage === "clogged") {
        this.#world.trace.count("packets clogged")
        return this.#carry(link, packet, CLOG_RETRY_MS)
      }
      this.#world.trace.mix(packet.bytes)
      this.#receivers.get(packet.to)?.(packet)
    })
  }

  #luckOf(link: string): Prng {
    const known = this.#luck.get(link) ?? this.#prng.fork(link)
    this.#luck.set(link, known)
    return known
  }
}

import { Inbox, TransportError } from "@qpc/transport"
import type { Connection } from "@qpc/transport"
import { toUtf8, fromUtf8 } from "@qpc/wire"
import type { Address, Packet, PacketNetwork } from "./packet-network.ts"
import type { Process } from "./process.ts"

/** What a stream needs to know. */
export interface StreamOptions {
  readonly process: Process
  readonly network: PacketNetwork
  readonly local: Address
  readonly peer: Address
  readonly connection: number
  /** A segment that is not acknowledged for so long ends the stream. */
  readonly giveUpMs: number
  /** Called once, when nothing is left to do. */
  readonly onReleased: () => void
}

interface Segment {
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly isLast: boolean
  readonly sinceMs: number
}

const FIRST_RETRANSMIT_MS = 100
const MAX_RETRANSMIT_MS = 800
/** Segments sent again at one time. */
const RETRANSMIT_BURST = 8
/** A stream on which nothing was sent for so long asks whether the peer is there. */
const KEEP_ALIVE_MS = 1500
const UNREAD_CHUNKS = 100_000
const NOTHING = new Uint8Array(0)

/**
 * A `Connection` over packets that get lost, doubled and reordered: numbered segments, cumulative acknowledgements and
 * retransmission, as in TCP and QUIC with everything left out that makes them fast.
 */
export class StreamConnection implements Connection {
  readonly kind = "memory"
  readonly peerAddress: string
  readonly incoming: Inbox<Uint8Array> = new Inbox(UNREAD_CHUNKS)
  readonly #options: StreamOptions
  readonly #unacknowledged: Segment[] = []
  readonly #early = new Map<number, Packet>()
  #nextToSend = 0
  #nextExpected = 0
  #timer: Disposable | undefined
  #retransmitMs = FIRST_RETRANSMIT_MS
  #isClosing = false
  #isReleased = false
  readonly #released = Promise.withResolvers<void>()

  constructor(options: StreamOptions) {
    this.#options = options
    this.peerAddress = `10.0.${options.peer >> 8}.${options.peer & 255}:7000`
    this.#rest()
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosing || this.#isReleased) throw new TransportError("closed", "the connection is over")
    this.#enqueue(bytes, false)
  }

  async finish(): Promise<void> {
    await this.close()
  }

  async close(reason = ""): Promise<void> {
    if (this.#isReleased || this.#isClosing) return
    this.#isClosing = true
    this.incoming.fail(new TransportError("closed", "this side closed the connection"))
    this.#enqueue(toUtf8(reason), true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Takes a packet of this connection. */
  receive(packet: Packet): void {
    if (this.#isReleased) return
    if (packet.kind === "reset") return this.breakOff("the peer does not know this connection")
    if (packet.kind === "ack") return this.#acknowledged(packet.sequence)
    if (packet.kind !== "data") return
    if (packet.sequence >= this.#nextExpected) this.#early.set(packet.sequence, packet)
    for (let next = this.#early.get(this.#nextExpected); next; next = this.#early.get(this.#nextExpected)) {
      this.#early.delete(this.#nextExpected)
      this.#nextExpected += 1
      this.#deliver(next)
      if (this.#isReleased) break
    }
    this.#send("ack", this.#nextExpected, NOTHING, false)
  }

  /** The network gave up. */
  breakOff(why: string): void {
    if (this.#isReleased) return
    this.incoming.fail(new TransportError("closed", why))
    this.#release()
  }

  #deliver({ bytes, isLast }: Packet): void {
    if (!isLast) {
      if (bytes.length > 0 && !this.#isClosing) this.incoming.push(bytes.slice())
      return
    }
    const peerReason = fromUtf8(bytes)
    this.#send("ack", this.#nextExpected, NOTHING, false)
    this.incoming.fail(new TransportError("closed", "the peer closed the connection", { peerReason }))
    this.#release()
  }

  #enqueue(bytes: Uint8Array, isLast: boolean): void {
    const sinceMs = this.#options.process.clock.nowMs()
    const segment = { sequence: this.#nextToSend++, bytes: bytes.slice(), isLast, sinceMs }
    this.#unacknowledged.push(segment)
    this.#send("data", segment.sequence, segment.bytes, isLast)
    if (this.#unacknowledged.length === 1) this.#rest()
  }

  #acknowledged(nextExpected: number): void {
    const before = this.#unacknowledged.length
    while (this.#unacknowledged.length > 0 && this.#unacknowledged[0]!.sequence < nextExpected)
      this.#unacknowledged.shift()
    if (this.#unacknowledged.length === before) return
    this.#retransmitMs = FIRST_RETRANSMIT_MS
    if (this.#isClosing && this.#unacknowledged.length === 0) this.#release()
    else this.#rest()
  }

  /** Sets the timer for what comes next if nothing else does. */
  #rest(): void {
    this.#timer?.[Symbol.dispose]()
    const isIdle = this.#unacknowledged.length === 0
    this.#timer = this.#options.process.clock.setTimer(isIdle ? KEEP_ALIVE_MS : this.#retransmitMs, () =>
      isIdle ? this.#enqueue(NOTHING, false) : this.#retransmit(),
    )
  }

  #retransmit(): void {
    const { process, giveUpMs } = this.#options
    const [oldest] = this.#unacknowledged
    if (oldest !== undefined && process.clock.nowMs() - oldest.sinceMs > giveUpMs)
      return this.breakOff("the peer does not answer")
    for (const { sequence, bytes, isLast } of this.#unacknowledged.slice(0, RETRANSMIT_BURST))
      this.#send("data", sequence, bytes, isLast)
    this.#retransmitMs = Math.min(2 * this.#retransmitMs, MAX_RETRANSMIT_MS)
    this.#rest()
  }

  #send(kind: "data" | "ack", sequence: number, bytes: Uint8Array, isLast: boolean): void {
    const { process, network, local, peer, connection } = this.#options
    if (process.isAlive) network.send({ from: local, to: peer, connection, kind, sequence, bytes, isLast })
  }

  #release(): void {
    this.#isReleased = true
    this.#timer?.[Symbol.dispose]()
    this.#unacknowledged.length = 0
    this.#early.clear()
    this.#released.resolve()
    this.#options.onReleased()
  }
}

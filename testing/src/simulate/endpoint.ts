import { TransportError } from "@qpc/transport"
import type { Connection, Dial } from "@qpc/transport"
import { SERVER } from "./packet-network.ts"
import type { Address, Packet, PacketNetwork } from "./packet-network.ts"
import type { Process } from "./process.ts"
import { StreamConnection } from "./stream-connection.ts"

/** What an endpoint is made of. */
export interface EndpointOptions {
  readonly network: PacketNetwork
  readonly process: Process
  readonly address: Address
  /** Connection numbers are taken from here; one counter for the whole world. */
  readonly nextConnection: () => number
  /** How long the other side may be silent before a connection is given up. */
  readonly giveUpMs: number
  /** What to do with connections from others; without it they are refused. */
  readonly accept?: (connection: Connection) => void
}

interface Dialling {
  readonly accepted: () => void
  readonly refused: () => void
}

const REDIAL_MS = 300
const NOTHING = new Uint8Array(0)

/** One process's place in the network: it dials, or accepts, and hands packets to their streams. Ends with its process. */
export class Endpoint {
  readonly #options: EndpointOptions
  readonly #streams = new Map<number, StreamConnection>()
  readonly #dialling = new Map<number, Dialling>()
  /** Accepted once; an old packet that opens one of these again opens nothing. */
  readonly #over = new Set<number>()

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  /** From now on packets reach the process, until it is killed. */
  attach(): void {
    const { network, process, address } = this.#options
    network.attach(address, (packet) => this.#receive(packet))
    process.onKilled(() => network.attach(address, undefined))
  }

  /** Connects to the server. */
  readonly dial: Dial = async ({ signal } = {}) => {
    const { nextConnection, process, giveUpMs } = this.#options
    const connection = nextConnection()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = (code: "aborted" | "unreachable"): void => reject(new TransportError(code, "no connection"))
    this.#dialling.set(connection, { accepted: resolve, refused: () => fail("unreachable") })
    const onAbort = (): void => fail("aborted")
    signal?.addEventListener("abort", onAbort, { once: true })
    const deadline = process.clock.setTimer(giveUpMs, () => fail("unreachable"))
    this.#knock(connection)
    try {
      await promise
      return this.#stream(connection, SERVER)
    } finally {
      deadline[Symbol.dispose]()
      signal?.removeEventListener("abort", onAbort)
      this.#dialling.delete(connection)
    }
  }

  #knock(connection: number): void {
    this.#send(SERVER, connection, "open")
    this.#options.process.clock.setTimer(REDIAL_MS, () => {
      if (this.#dialling.has(connection)) this.#knock(connection)
    })
  }

  #receive(packet: Packet): void {
    if (!this.#options.process.isAlive) return
    const { connection, kind, from } = packet
    const stream = this.#streams.get(connection)
    if (stream) {
      if (kind === "open") this.#send(from, connection, "accept")
      else stream.receive(packet)
      return
    }
    const dialling = this.#dialling.get(connection)
    if (dialling && kind === "accept") return dialling.accepted()
    if (dialling && kind === "reset") return dialling.refused()
    if (kind === "open" && !this.#over.has(connection)) return this.#accept(connection, from)
    if (kind !== "reset") this.#send(from, connection, "reset")
  }

  #accept(connection: number, from: Address): void {
    const { accept } = this.#options
    if (accept === undefined) return this.#send(from, connection, "reset")
    const stream = this.#stream(connection, from)
    this.#send(from, connection, "accept")
    accept(stream)
  }

  #stream(connection: number, peer: Address): StreamConnection {
    const { network, process, address: local, giveUpMs } = this.#options
    const onReleased = (): void => {
      this.#streams.delete(connection)
      this.#over.add(connection)
    }
    const stream = new StreamConnection({ process, network, local, peer, connection, giveUpMs, onReleased })
    this.#streams.set(connection, stream)
    return stream
  }

  #send(to: Address, connection: number, kind: "open" | "accept" | "reset"): void {
    const { network, address: from } = this.#options
    network.send({ from, to, connection, kind, sequence: 0, bytes: NOTHING, isLast: false })
  }
}

import { createSocket } from "node:dgram"
import type { Socket as UdpSocket } from "node:dgram"
import { TcpRelay } from "@qpc/transport/conformance"
import type { FailingNetwork } from "@qpc/transport/conformance"

/** What a relay lets pass. */
export interface RelayOptions {
  readonly serverPort: number
  /** False for a network that swallows UDP. */
  readonly passesUdp: boolean
}

/** Relays TCP, and UDP unless told otherwise, on one port. From `cut` on UDP vanishes, and TCP connections are reset. */
export async function openRelay({ serverPort, passesUdp }: RelayOptions): Promise<FailingNetwork> {
  const tcp = await TcpRelay.open(serverPort)
  const udp = await UdpRelay.open(tcp.port, passesUdp ? serverPort : undefined)
  if (!udp) {
    tcp.close()
    return await openRelay({ serverPort, passesUdp }) // The port was free for TCP only.
  }
  return {
    port: tcp.port,
    cut: () => {
      tcp.cut()
      udp.cut()
    },
    [Symbol.asyncDispose]: async () => {
      tcp.close()
      udp.close()
    },
  }
}

class UdpRelay {
  readonly #socket = createSocket("udp4")
  readonly #upstream = new Map<number, UdpSocket>()
  #serverPort: number | undefined

  static async open(port: number, serverPort: number | undefined): Promise<UdpRelay | undefined> {
    const relay = new UdpRelay()
    relay.#serverPort = serverPort
    relay.#socket.on("message", (packet, { port: clientPort }) => relay.#forward(packet, clientPort))
    return await new Promise((resolve) => {
      relay.#socket.once("error", () => resolve(undefined))
      relay.#socket.bind(port, "127.0.0.1", () => resolve(relay))
    })
  }

  cut(): void {
    this.#serverPort = undefined
  }

  close(): void {
    this.#socket.close()
    for (const socket of this.#upstream.values()) socket.close()
  }

  #forward(packet: Buffer, clientPort: number): void {
    if (this.#serverPort === undefined) return
    let upstream = this.#upstream.get(clientPort)
    if (!upstream) {
      upstream = createSocket("udp4")
      this.#upstream.set(clientPort, upstream)
      upstream.on("message", (reply) => {
        if (this.#serverPort !== undefined) this.#socket.send(reply, clientPort, "127.0.0.1")
      })
    }
    upstream.send(packet, this.#serverPort, "127.0.0.1")
  }
}

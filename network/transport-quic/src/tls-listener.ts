import type { Socket } from "node:net"
import { createServer } from "node:tls"
import type { Server, TLSSocket } from "node:tls"
import { DuplexPipe, formatHostPort, listenError, plainAddress } from "@qpc/transport/node"
import type { Door } from "./door.ts"

/** Accepts TLS 1.3 over TCP. */
export class TlsListener {
  readonly #server: Server
  readonly #door: Door

  private constructor(door: Door) {
    this.#door = door
    this.#server = createServer({
      allowHalfOpen: true,
      cert: door.certificate.certificatePem,
      key: door.certificate.privateKeyPem,
      minVersion: "TLSv1.3",
      ALPNProtocols: [door.protocol.name],
      handshakeTimeout: door.handshakeTimeoutMs,
      noDelay: true,
    })
    this.#server.on("connection", (socket: Socket) => this.#arrive(socket))
    this.#server.on("secureConnection", (socket) => this.#accept(socket))
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy()) // A peer that speaks something else.
  }

  /** @param port - 0 for any. @throws TransportError `address_in_use`, `address_unavailable` */
  static async listen(door: Door, port: number): Promise<TlsListener> {
    const listener = new TlsListener(door)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(listenError(error, door.host, port, "TCP")))
      server.listen(port, door.host, () => resolve())
    })
    server.removeAllListeners("error")
    // Running out of file descriptors is the one error left: `accept` is tried again when there are some.
    server.on("error", () => {})
    return listener
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === "string") throw new Error("unreachable: a TCP server has a port")
    return address.port
  }

  /** Stops accepting, at once; established connections live on. */
  close(): void {
    this.#server.close()
  }

  #arrive(socket: Socket): void {
    const leave = this.#door.queue.hasRoom ? this.#door.admission.enter(socket.remoteAddress ?? "") : undefined
    if (!leave) return void socket.destroy()
    socket.on("error", () => {}) // Reported by the TLS socket on top of it.
    socket.on("close", leave)
  }

  #accept(socket: TLSSocket): void {
    const pipe = tlsPipe(socket)
    // A handshake may end after the listener closed, and a peer may offer no protocol at all.
    if (socket.alpnProtocol !== this.#door.protocol.name || !this.#door.queue.hasRoom) return void socket.destroy()
    const peerAddress = formatHostPort(plainAddress(socket.remoteAddress ?? ""), socket.remotePort ?? 0)
    this.#door.queue.offer(this.#door.protocol.connect(pipe, { ...this.#door.limits, kind: "tls", peerAddress }))
  }
}

/** The pipe over a TLS socket, of either side. */
export function tlsPipe(socket: TLSSocket): DuplexPipe {
  return new DuplexPipe(socket, async () => {
    if (socket.closed) return
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve())
      socket.destroy()
    })
  })
}

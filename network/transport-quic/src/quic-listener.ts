import { createQuicServer } from "@currentspace/http3"
import type { QuicServer, QuicServerSession, QuicStream } from "@currentspace/http3"
import { DuplexPipe, formatHostPort, listenError, plainAddress } from "@qpc/transport/node"
import { HOLDS_BACK, lingered, quicIdleTimeoutMs } from "./quic-session.ts"
import type { Door } from "./door.ts"

/** How long a closed listener waits for the last goodbye to leave before it frees the port. */
const GOODBYE_MS = 500

/** Accepts QUIC: one bidirectional stream, opened by the client, is one connection. */
export class QuicListener {
  readonly #server: QuicServer
  readonly #door: Door
  /** Sessions the library keeps; their end frees the port of a closed listener. */
  readonly #sessions = new Set<QuicServerSession>()
  #isOpen = true
  #freed: Promise<void> | undefined

  private constructor(door: Door) {
    this.#door = door
    this.#server = createQuicServer({
      cert: door.certificate.certificatePem,
      key: door.certificate.privateKeyPem,
      alpn: [door.protocol.name],
      runtimeMode: "portable",
      disableRetry: false, // Addresses are proven before memory is spent on them (RFC 9000 §8.1.2).
      maxIdleTimeoutMs: quicIdleTimeoutMs(door.protocol, door.limits),
      initialMaxStreamsBidi: 1,
      maxConnections: door.maxConnections,
    })
    this.#server.on("session", (session) => this.#arrive(session))
    this.#server.on("error", () => {}) // Of sessions that ended before their handshake did.
  }

  /** @throws TransportError `address_in_use`, `address_unavailable` */
  static async listen(door: Door, port: number): Promise<QuicListener> {
    const listener = new QuicListener(door)
    try {
      await listener.#server.listen(port, door.host)
    } catch (error) {
      throw listenError(error as Error, door.host, port, "UDP")
    }
    return listener
  }

  /**
   * Stops accepting. The library cannot stop without ending established connections, so the port stays bound until the
   * last of them ended; newcomers are turned away.
   */
  async close(): Promise<void> {
    this.#isOpen = false
    if (this.#sessions.size === 0) await this.#free()
  }

  #arrive(session: QuicServerSession): void {
    session.on("error", () => {}) // Always followed by "close".
    const leave = this.#isOpen && this.#door.queue.hasRoom && this.#door.admission.enter(session.remoteAddress)
    if (typeof leave !== "function") return session.close(1, "no room for another connection")
    this.#sessions.add(session)
    const timer = setTimeout(() => session.close(1, "no stream in time"), this.#door.handshakeTimeoutMs)
    let hasStream = false
    session.on("stream", (stream) => {
      if (hasStream) return refuseStream(session, stream)
      hasStream = true
      clearTimeout(timer)
      this.#accept(session, stream)
    })
    session.on("close", () => {
      clearTimeout(timer)
      leave()
      this.#sessions.delete(session)
      if (!this.#isOpen && this.#sessions.size === 0) void this.#free()
    })
  }

  #accept(session: QuicServerSession, stream: QuicStream): void {
    const closed = new Promise<void>((resolve) => session.once("close", () => resolve()))
    const pipe = new DuplexPipe(
      stream,
      async (reason) => {
        await lingered(stream, this.#door.protocol, closed)
        if (!this.#sessions.has(session)) return
        session.close(0, reason)
        await Promise.race([closed, new Promise<void>((resolve) => setTimeout(resolve, GOODBYE_MS).unref())])
        if (!this.#isOpen && this.#sessions.size <= 1) await this.#free()
      },
      HOLDS_BACK,
    )
    const peerAddress = formatHostPort(plainAddress(session.remoteAddress), session.remotePort)
    this.#door.queue.offer(this.#door.protocol.connect(pipe, { ...this.#door.limits, kind: "quic", peerAddress }))
  }

  async #free(): Promise<void> {
    this.#freed ??= this.#server.close()
    await this.#freed
  }
}

function refuseStream(session: QuicServerSession, stream: QuicStream): void {
  stream.on("error", () => {})
  session.close(1, "one stream is one connection")
}

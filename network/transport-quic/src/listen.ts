import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import { AcceptQueue, TransportError } from "@qpc/transport"
import type { ConnectionLimits, Listener, StreamProtocol } from "@qpc/transport"
import { Admission, listenError } from "@qpc/transport/node"
import { certificateMatchesKey } from "./certificate.ts"
import type { ServerCertificate } from "./certificate.ts"
import type { Door } from "./door.ts"
import { QPC_PROTOCOL } from "./protocol.ts"
import { QuicListener } from "./quic-listener.ts"
import { TlsListener } from "./tls-listener.ts"

/** Where to listen, as whom, and within which limits. The limits of each connection are those of `ConnectionLimits`. */
export interface ListenOptions extends ConnectionLimits {
  /** An address or name of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string
  /** Of both UDP and TCP; 0 for one that is free for both. */
  readonly port: number
  readonly certificate: ServerCertificate
  /** What travels on the stream; clients must ask for the same. Default: the frames of `@qpc/transport`, as `qpc`. */
  readonly protocol?: StreamProtocol
  /** False where UDP is of no use: then TLS alone. Default true. */
  readonly quic?: boolean
  /** Open connections and handshakes; more are turned away. Default 10 000. */
  readonly maxConnections?: number
  /** Of those, from one IPv4 address or /64 of IPv6; a whole company may share one. Default 1 000. */
  readonly maxConnectionsPerAddress?: number
  /** Connections that wait to be accepted; more are turned away. Default 512. */
  readonly backlog?: number
  /** From the first byte to an established connection. Default 10 s. */
  readonly handshakeTimeoutMs?: number
}

/** A port that is free for TCP can be taken for UDP: how often port 0 tries another. */
const PORT_ATTEMPTS = 32

/**
 * Listens for QUIC and for TLS 1.3 over TCP on one port number. A new certificate needs a new listener.
 *
 * `close` stops accepting; the UDP port is free again when the last QUIC connection ended too.
 *
 * @throws TransportError `address_in_use`, `address_unavailable`; TypeError for a certificate and key that are unreadable
 * or do not belong together
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const {
    host,
    port,
    certificate,
    protocol,
    quic,
    maxConnections,
    maxConnectionsPerAddress,
    backlog,
    handshakeTimeoutMs,
    ...limits
  } = options
  if (!certificateMatchesKey(certificate)) {
    throw new TypeError("the private key does not belong to the certificate: give the two that were made together")
  }
  const queue = new AcceptQueue(backlog ?? 512)
  const door: Door = {
    host: await toAddress(host),
    certificate,
    handshakeTimeoutMs: handshakeTimeoutMs ?? 10_000,
    protocol: protocol ?? QPC_PROTOCOL,
    limits,
    admission: new Admission(maxConnections ?? 10_000, maxConnectionsPerAddress ?? 1_000),
    maxConnections: maxConnections ?? 10_000,
    queue,
  }
  const halves = await bind(door, port, quic ?? true)
  const close = async (): Promise<void> => {
    queue.close()
    halves.tls.close()
    await halves.quic?.close()
  }
  return {
    address: { host, port: halves.tls.port },
    connections: queue.connections(close),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function bind(
  door: Door,
  port: number,
  withQuic: boolean,
): Promise<{ readonly tls: TlsListener; readonly quic: QuicListener | undefined }> {
  for (let attempt = 1; ; attempt++) {
    const tls = await TlsListener.listen(door, port)
    try {
      return { tls, quic: withQuic ? await QuicListener.listen(door, tls.port) : undefined }
    } catch (error) {
      tls.close()
      const mayRetry = port === 0 && attempt < PORT_ATTEMPTS
      if (!mayRetry || !(error instanceof TransportError) || error.code !== "address_in_use") throw error
    }
  }
}

async function toAddress(host: string): Promise<string> {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw listenError(error as Error, host, 0, "TCP")
  }
}

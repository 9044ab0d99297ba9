import type { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import type { SocketConstructorOpts } from "node:net"
import { connect } from "node:tls"
import type { ConnectionOptions, TLSSocket } from "node:tls"
import { TransportError } from "@qpc/transport"
import type { Connection, ConnectionLimits, StreamProtocol } from "@qpc/transport"
import { formatHostPort, plainAddress } from "@qpc/transport/node"
import { describeX509 } from "./certificate.ts"
import type { CertificateInfo } from "./certificate.ts"
import { abortedError, protocolError, unreachableError } from "./dial-error.ts"
import type { ServerAddress } from "./server-address.ts"
import { tlsPipe } from "./tls-listener.ts"

/** A server that proved over TLS that it has the key of this certificate. */
export interface TlsContact {
  readonly certificate: CertificateInfo
  readonly certificatePem: string
  readonly connection: Connection
}

/** How to reach a server over TLS. */
export interface TlsDialOptions {
  readonly server: ServerAddress
  readonly servername: string | undefined
  readonly limits: ConnectionLimits
  readonly protocol: StreamProtocol
  readonly signal: AbortSignal
  /** Looks at the certificate before a byte is sent. Throws to refuse it. */
  readonly judge: (certificate: CertificateInfo) => void
}

/** @throws TransportError `unreachable`, `protocol`, `aborted`, and what `judge` throws */
export async function dialTls(options: TlsDialOptions): Promise<TlsContact> {
  const { signal } = options
  if (signal.aborted) throw abortedError(signal)
  const socket = connect(socketOptions(options))
  const abort = (): void => void socket.destroy(abortedError(signal))
  signal.addEventListener("abort", abort, { once: true })
  try {
    await secured(socket, options)
    return inspect(socket, options)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

/** Node takes `allowHalfOpen` here too; its types say so for plain sockets only. */
function socketOptions(options: TlsDialOptions): ConnectionOptions & Pick<SocketConstructorOpts, "allowHalfOpen"> {
  const { host, port } = options.server
  return {
    host,
    port,
    allowHalfOpen: true,
    ...serverName(options),
    minVersion: "TLSv1.3",
    ALPNProtocols: [options.protocol.name],
    rejectUnauthorized: false, // The pin decides, in `judge`; whoever signed the certificate does not count.
  }
}

async function secured(socket: TLSSocket, options: TlsDialOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", () => resolve())
    socket.on("error", (error) => reject(dialError(error, options)))
    socket.once("close", () => reject(unreachableError(options.server, "TLS", new Error("the connection was closed"))))
  })
}

function inspect(socket: TLSSocket, { server, limits, protocol, judge }: TlsDialOptions): TlsContact {
  if (socket.alpnProtocol !== protocol.name) {
    throw protocolError(server, protocol, new Error("no common application protocol"))
  }
  const x509: X509Certificate | undefined = socket.getPeerX509Certificate()
  if (x509 === undefined) throw protocolError(server, protocol, new Error("no certificate"))
  const certificate = describeX509(x509)
  judge(certificate)
  socket.setNoDelay(true)
  const peerAddress = formatHostPort(plainAddress(socket.remoteAddress ?? server.host), server.port)
  const connection = protocol.connect(tlsPipe(socket), { ...limits, kind: "tls", peerAddress })
  return { certificate, certificatePem: x509.toString(), connection }
}

/** An IP address is not a server name (RFC 6066 §3). */
function serverName({ server, servername }: TlsDialOptions): { servername?: string } {
  const name = servername ?? server.host
  return isIP(name) === 0 ? { servername: name } : {}
}

function dialError(error: NodeJS.ErrnoException, { server, protocol }: TlsDialOptions): TransportError {
  if (error instanceof TransportError) return error
  const isTls = error.code === "EPROTO" || error.code?.startsWith("ERR_SSL_") === true
  return isTls ? protocolError(server, protocol, error) : unreachableError(server, "TLS", error)
}

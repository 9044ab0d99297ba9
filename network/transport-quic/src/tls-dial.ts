import type { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { connect } from "node:tls"
import type { TLSSocket } from "node:tls"
import { TransportError, framedConnection } from "@qpc/transport"
import type { Connection, ConnectionLimits } from "@qpc/transport"
import { describeX509 } from "./certificate.ts"
import type { CertificateInfo } from "./certificate.ts"
import { abortedError, protocolError, unreachableError } from "./dial-error.ts"
import { ALPN, FRAMING } from "./protocol.ts"
import { formatHostPort } from "./server-address.ts"
import type { ServerAddress } from "./server-address.ts"
import { plainAddress, tlsPipe } from "./tls-listener.ts"

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
  readonly signal: AbortSignal
  /** Looks at the certificate before a byte is sent. Throws to refuse it. */
  readonly judge: (certificate: CertificateInfo) => void
}

/** @throws TransportError `unreachable`, `protocol`, `aborted`, and what `judge` throws */
export async function dialTls(options: TlsDialOptions): Promise<TlsContact> {
  const { server, signal } = options
  if (signal.aborted) throw abortedError(signal)
  const socket = connect({
    host: server.host,
    port: server.port,
    ...serverName(options),
    minVersion: "TLSv1.3",
    ALPNProtocols: [ALPN],
    rejectUnauthorized: false, // The pin decides, in `judge`; whoever signed the certificate does not count.
  })
  const abort = (): void => void socket.destroy(abortedError(signal))
  signal.addEventListener("abort", abort, { once: true })
  try {
    await secured(socket, server)
    return inspect(socket, options)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

async function secured(socket: TLSSocket, server: ServerAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", () => resolve())
    socket.on("error", (error) => reject(dialError(error, server)))
    socket.once("close", () => reject(unreachableError(server, "TLS", new Error("the connection was closed"))))
  })
}

function inspect(socket: TLSSocket, { server, limits, judge }: TlsDialOptions): TlsContact {
  if (socket.alpnProtocol !== ALPN) throw protocolError(server, new Error("no common application protocol"))
  const x509: X509Certificate | undefined = socket.getPeerX509Certificate()
  if (x509 === undefined) throw protocolError(server, new Error("no certificate"))
  const certificate = describeX509(x509)
  judge(certificate)
  socket.setNoDelay(true)
  const peerAddress = formatHostPort(plainAddress(socket.remoteAddress ?? server.host), server.port)
  const connection = framedConnection(tlsPipe(socket), { ...FRAMING, ...limits, kind: "tls", peerAddress })
  return { certificate, certificatePem: x509.toString(), connection }
}

/** An IP address is not a server name (RFC 6066 §3). */
function serverName({ server, servername }: TlsDialOptions): { servername?: string } {
  const name = servername ?? server.host
  return isIP(name) === 0 ? { servername: name } : {}
}

function dialError(error: NodeJS.ErrnoException, server: ServerAddress): TransportError {
  if (error instanceof TransportError) return error
  const isTls = error.code === "EPROTO" || error.code?.startsWith("ERR_SSL_") === true
  return isTls ? protocolError(server, error) : unreachableError(server, "TLS", error)
}

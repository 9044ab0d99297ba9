import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import { isMainThread } from "node:worker_threads"
import { connectQuic } from "@currentspace/http3"
import type { QuicClientSession } from "@currentspace/http3"
import type { Connection, ConnectionLimits, StreamProtocol } from "@qpc/transport"
import { DuplexPipe, formatHostPort } from "@qpc/transport/node"
import { readCertificate, SERVER_NAME } from "./certificate.ts"
import { abortedError, isFinal, unreachableError } from "./dial-error.ts"
import { HOLDS_BACK, lingered, quicIdleTimeoutMs } from "./quic-session.ts"
import { race } from "./race.ts"
import type { ServerAddress } from "./server-address.ts"
import { hideSystemTrust } from "./system-trust.ts"

/** How to reach a server over QUIC. */
export interface QuicDialOptions {
  readonly server: ServerAddress
  readonly servername: string | undefined
  /** The only certificate to accept. */
  readonly certificatePem: string
  readonly limits: ConnectionLimits
  readonly protocol: StreamProtocol
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Between the first IPv4 and the first IPv6 address of a name (RFC 8305 §5). */
const NEXT_ADDRESS_MS = 250

/** @throws TransportError `unreachable` (a refused certificate included: TLS tells why), `aborted` */
export async function dialQuic(options: QuicDialOptions): Promise<Connection> {
  const { server, signal } = options
  if (signal.aborted) throw abortedError(signal)
  if (!isMainThread) throw unreachableError(server, "QUIC", new Error("QUIC can be pinned on the main thread only"))
  const addresses = await addressesOf(server)
  const attempts = addresses.map((address, i) => ({
    delayMs: i * NEXT_ADDRESS_MS,
    run: async (over: AbortSignal) => await dialAddress(address, options, over),
  }))
  return await race(attempts, {
    signal,
    isFinal,
    discard: (connection) => void connection.close("another address answered first"),
  })
}

async function addressesOf(server: ServerAddress): Promise<string[]> {
  if (isIP(server.host) !== 0) return [server.host]
  try {
    const found = await lookup(server.host, { all: true, order: "verbatim" })
    const firsts = [found.find(({ family }) => family === 4), found.find(({ family }) => family === 6)]
    return firsts.flatMap((first) => first?.address ?? [])
  } catch (error) {
    throw unreachableError(server, "QUIC", error)
  }
}

async function dialAddress(address: string, options: QuicDialOptions, signal: AbortSignal): Promise<Connection> {
  const { server, limits, protocol } = options
  if (signal.aborted) throw abortedError(signal)
  const session = openSession(address, options, signal)
  let refusal = ""
  const closed = Promise.withResolvers<void>()
  session.on("close", ({ errorCode, reason }) => {
    refusal = reason === "" ? `QUIC error ${errorCode}` : reason
    closed.resolve()
  })
  try {
    await session.ready()
    const stream = session.openStream()
    const release = async (reason: string): Promise<void> => {
      await lingered(stream, protocol, closed.promise)
      await closeSession(session, reason)
    }
    const pipe = new DuplexPipe(stream, release, HOLDS_BACK)
    const peerAddress = formatHostPort(address, server.port)
    const connection = protocol.connect(pipe, { ...limits, kind: "quic", peerAddress })
    // A server that is full or closing says so after the handshake: only its first bytes mean that it serves us.
    if (protocol.greets) await withTimeout(pipe.heard, options.timeoutMs, signal)
    return connection
  } catch (cause) {
    await closeSession(session, "")
    if (signal.aborted) throw abortedError(signal)
    throw unreachableError(server, "QUIC", refusal === "" ? cause : new Error(refusal, { cause }))
  }
}

function openSession(address: string, options: QuicDialOptions, signal: AbortSignal): QuicClientSession {
  const restoreTrust = hideSystemTrust()
  let session: QuicClientSession
  try {
    session = connectQuic(
      { address, port: options.server.port, servername: nameToAsk(options) },
      {
        alpn: [options.protocol.name],
        ca: options.certificatePem,
        runtimeMode: "portable",
        connectTimeoutMs: options.timeoutMs,
        maxIdleTimeoutMs: quicIdleTimeoutMs(options.protocol, options.limits),
        initialMaxStreamsBidi: 1,
        signal,
        onRuntimeEvent: restoreTrust, // The client is made; what it trusts is settled.
      },
    )
  } catch (error) {
    restoreTrust()
    throw unreachableError(options.server, "QUIC", error) // No binary for this platform.
  }
  session.on("error", () => {}) // `ready` and the stream report the same.
  session.on("sessionTicket", () => {}) // Without a listener the library holds the tickets back.
  session.on("stream", () => void closeSession(session, "the client opens the one stream"))
  session.ready().then(restoreTrust, restoreTrust)
  return session
}

/** The library checks that the certificate has the name it asks for. Trust comes from the pin; any of its names will do. */
function nameToAsk({ server, servername, certificatePem }: QuicDialOptions): string {
  if (servername !== undefined) return servername
  const names = readCertificate(certificatePem).names.filter((name) => isIP(name) === 0)
  return names.find((name) => name === SERVER_NAME) ?? names.find((name) => !name.includes("*")) ?? server.host
}

async function closeSession(session: QuicClientSession, reason: string): Promise<void> {
  try {
    await session.close(0, reason)
  } catch {
    // The library throws when its worker has ended already, which is what we want.
  }
}

async function withTimeout(promise: Promise<void>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`nothing heard for ${timeoutMs} ms`)), timeoutMs)
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener("abort", onAbort)
  }
}

import type { Connection, ConnectionLimits, Dial, StreamProtocol } from "@qpc/transport"
import { formatHostPort } from "@qpc/transport/node"
import { readCertificate } from "./certificate.ts"
import type { CertificateInfo } from "./certificate.ts"
import { abortedError, isFinal, unreachableError } from "./dial-error.ts"
import { datesRefused, isDated, judgeCertificate } from "./judge.ts"
import type { KnownServer, KnownServers } from "./known-servers.ts"
import { QPC_PROTOCOL } from "./protocol.ts"
import { dialQuic } from "./quic-dial.ts"
import { race } from "./race.ts"
import type { Fingerprint, ServerAddress } from "./server-address.ts"
import { dialTls } from "./tls-dial.ts"
import type { TlsContact } from "./tls-dial.ts"

/** How a server is recognized: by a key given in its address, by what is remembered, or by both; the given key wins. */
export interface Pin {
  readonly fingerprint?: Fingerprint
  readonly store?: KnownServers
}

/** Which way worked last, kept by the caller between dials; share one object per server. */
export interface WayMemory {
  way?: "quic" | "tls"
  /** Milliseconds since the epoch. */
  atMs?: number
}

/**
 * Which server, and how to reach it. The limits of the connection are those of `ConnectionLimits`, except that a client
 * asks a silent server every 5 s and gives it up after two questions.
 */
export interface DialOptions extends ConnectionLimits, ServerAddress {
  readonly pin: Pin
  /** `auto`: QUIC, and TLS 1.3 over TCP where UDP does not pass. Default `auto`. */
  readonly transport?: "auto" | "quic" | "tls"
  /** What travels on the stream; the server must offer the same. Default: the frames of `@qpc/transport`, as `qpc`. */
  readonly protocol?: StreamProtocol
  /** The name to ask for in the handshake instead of one of the certificate's or the host. */
  readonly servername?: string
  readonly memory?: WayMemory
  /** What QUIC gets before TLS is tried beside it. Default 1.5 s. */
  readonly headStartMs?: number
  /** For the whole dial. Default 10 s. */
  readonly timeoutMs?: number
  /** After TLS won, how long QUIC is not tried again. Default 10 min. */
  readonly retryQuicAfterMs?: number
  /** By this, and as the QUIC library does, certificates are taken for QUIC; over TLS their dates do not count. Default `Date.now`. */
  readonly nowMs?: () => number
}

/** One dial: the options with their defaults, and what is known of the server. */
interface Dialling {
  readonly options: DialOptions
  readonly limits: ConnectionLimits
  readonly protocol: StreamProtocol
  readonly expected: Fingerprint | undefined
  readonly known: KnownServer | undefined
  readonly headStartMs: number
  readonly nowMs: number
  readonly signal: AbortSignal
}

/**
 * A function that opens one connection after the other to one server.
 *
 * The first contact, a renewed certificate and a failing QUIC go over TLS: QUIC itself can only be pinned to a
 * certificate that is already known, and only if that is self-signed.
 *
 * @throws TypeError without a fingerprint and without a store: nobody would notice a changed server
 */
export function dialer(options: DialOptions): Dial {
  const fingerprint = options.pin.fingerprint ?? options.fingerprint
  if (fingerprint === undefined && options.pin.store === undefined) {
    throw new TypeError("a pin needs a fingerprint or a store to remember one in")
  }
  const memory = options.memory ?? {}
  return async (call) => await dialOnce({ ...options, memory }, fingerprint, call?.signal)
}

/**
 * Opens one connection; see `dialer`.
 *
 * @throws TransportError `unreachable`, `protocol`, `aborted`; `peer_changed`, after which nothing else is tried; `certificate_expired`
 * for `transport: "quic"` only
 */
export async function dial(options: DialOptions & { readonly signal?: AbortSignal }): Promise<Connection> {
  return await dialer(options)(options.signal === undefined ? {} : { signal: options.signal })
}

async function dialOnce(
  options: DialOptions,
  fingerprint: Fingerprint | undefined,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  if (signal !== undefined && isAborted(signal)) throw abortedError(signal)
  const known = await options.pin.store?.load(formatHostPort(options.host, options.port))
  const timeoutMs = options.timeoutMs ?? 10_000
  const timeout = AbortSignal.timeout(timeoutMs)
  const dialling: Dialling = {
    options,
    limits: limitsOf(options),
    protocol: options.protocol ?? QPC_PROTOCOL,
    expected: fingerprint ?? known?.fingerprint,
    known,
    headStartMs: options.headStartMs ?? 1_500,
    nowMs: (options.nowMs ?? Date.now)(),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }
  try {
    return await (options.transport === "tls" ? dialOverTls(dialling) : dialOverEither(dialling))
  } catch (error) {
    if (signal !== undefined && isAborted(signal)) throw abortedError(signal)
    if (timeout.aborted) throw unreachableError(options, "QUIC and TLS", new Error(`${timeoutMs} ms were not enough`))
    throw error
  }
}

async function dialOverTls(dialling: Dialling): Promise<Connection> {
  return (await contactOverTls(dialling)).connection
}

/** QUIC where it can be pinned already, else TLS first and QUIC with what TLS learned. */
async function dialOverEither(dialling: Dialling): Promise<Connection> {
  const { options, headStartMs } = dialling
  const pinned = pinnedCertificate(dialling)
  if (prefersTls(dialling)) return await dialOverTls(dialling)
  if (pinned === undefined) return await upgrade(dialling, await contactOverTls(dialling))
  const quic = async (signal: AbortSignal): Promise<Connection> => await overQuic({ ...dialling, signal }, pinned)
  const tls = async (signal: AbortSignal): Promise<TlsContact> => await contactOverTls({ ...dialling, signal })
  const winner = await race<Connection | TlsContact>(
    [
      { delayMs: 0, run: quic },
      { delayMs: options.transport === "quic" ? 2 * headStartMs : headStartMs, run: tls },
    ],
    { signal: dialling.signal, isFinal, discard: (late) => void connectionOf(late).close("another way was faster") },
  )
  if (!isContact(winner)) return remember(options, winner)
  // The certificate that QUIC was pinned to may be the reason why only TLS got through.
  if (winner.certificatePem !== pinned || options.transport === "quic") return await upgrade(dialling, winner)
  return remember(options, winner.connection)
}

/** With a contact over TLS in hand, tries QUIC with its certificate, and falls back to the contact. */
async function upgrade(dialling: Dialling, contact: TlsContact): Promise<Connection> {
  const { options } = dialling
  try {
    const { certificate } = contact
    if (!certificate.isSelfSigned) {
      throw unreachableError(options, "QUIC", new Error("only a self-signed certificate can be pinned there"))
    }
    if (!isDated(certificate, dialling.nowMs)) throw datesRefused(certificate, options, dialling.nowMs)
    const connection = await overQuic(dialling, contact.certificatePem)
    void contact.connection.close("continued over QUIC")
    return remember(options, connection)
  } catch (error) {
    if (options.transport === "quic" || isFinal(error)) {
      void contact.connection.close("")
      throw error
    }
    return remember(options, contact.connection)
  }
}

async function overQuic(dialling: Dialling, certificatePem: string): Promise<Connection> {
  const { options, limits, protocol, signal, headStartMs } = dialling
  const timeoutMs = options.transport === "quic" ? 2 * headStartMs : headStartMs
  const { servername } = options
  return await dialQuic({ server: options, servername, certificatePem, limits, protocol, timeoutMs, signal })
}

/** Reaches the server over TLS, judges its certificate and saves what is new about it. */
async function contactOverTls(dialling: Dialling): Promise<TlsContact> {
  const { options, limits, protocol, expected, known, signal } = dialling
  const judge = (certificate: CertificateInfo): void =>
    judgeCertificate(certificate, {
      server: options,
      fingerprint: expected,
      origin: known?.fingerprint === expected ? "earlier contact" : "address",
    })
  const contact = await dialTls({ server: options, servername: options.servername, limits, protocol, signal, judge })
  const { certificatePem, certificate } = contact
  const { fingerprint } = certificate
  if (known?.certificatePem !== certificatePem) {
    const why = expected === undefined ? "first_contact" : known?.fingerprint === expected ? "renewed" : "confirmed"
    await options.pin.store?.save(formatHostPort(options.host, options.port), { fingerprint, certificatePem }, why)
  }
  return contact
}

/** The remembered certificate, if it is of the expected key and one that QUIC can be pinned to today. */
function pinnedCertificate({ known, expected, nowMs }: Dialling): string | undefined {
  if (known === undefined || known.fingerprint !== expected) return undefined
  const certificate = readCertificate(known.certificatePem)
  const isExpected = certificate.fingerprint === expected
  return isExpected && isDated(certificate, nowMs) && certificate.isSelfSigned ? known.certificatePem : undefined
}

function prefersTls({ options, nowMs }: Dialling): boolean {
  const { memory, transport, retryQuicAfterMs } = options
  if (transport === "quic" || memory?.way !== "tls") return false
  return nowMs - (memory.atMs ?? 0) < (retryQuicAfterMs ?? 600_000)
}

function remember({ memory, nowMs }: DialOptions, connection: Connection): Connection {
  if (memory === undefined) return connection
  memory.way = connection.kind === "quic" ? "quic" : "tls"
  memory.atMs = (nowMs ?? Date.now)()
  return connection
}

/** A call, because the compiler takes a signal that was not aborted once for one that never is. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted
const isContact = (result: Connection | TlsContact): result is TlsContact => "connection" in result
const connectionOf = (result: Connection | TlsContact): Connection => (isContact(result) ? result.connection : result)

/** A client that says nothing notices a dead server within 15 s unless it asks for something else: over QUIC nothing else tells it. */
function limitsOf(options: DialOptions): ConnectionLimits {
  const {
    windowBytes,
    maxWaitingBytes,
    closeTimeoutMs,
    answerWithinMs,
    keepAliveMs = 5_000,
    missedKeepAlives = 2,
  } = options
  return {
    ...(windowBytes === undefined ? {} : { windowBytes }),
    ...(maxWaitingBytes === undefined ? {} : { maxWaitingBytes }),
    ...(closeTimeoutMs === undefined ? {} : { closeTimeoutMs }),
    ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
    keepAliveMs,
    missedKeepAlives,
  }
}

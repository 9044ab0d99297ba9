import { connect } from "node:net"
import type { Socket } from "node:net"
import { TransportError } from "@qpc/transport"
import type { Connection, ConnectionLimits, Dial, StreamProtocol } from "@qpc/transport"
import { formatHostPort, plainAddress } from "@qpc/transport/node"
import { FRAMED } from "./protocol.ts"
import { tcpPipe } from "./tcp-pipe.ts"

/** Whom to call. The limits of the connection are those of `ConnectionLimits`. */
export interface TcpDialOptions extends ConnectionLimits {
  /** A DNS name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** What travels on the connection; the listener must use the same. Default: the frames of `@qpc/transport`. */
  readonly protocol?: StreamProtocol
  /** Until the connection stands. Default 10 s. */
  readonly timeoutMs?: number
}

/** A function that opens one connection after the other to one address. */
export function tcpDialer(options: TcpDialOptions): Dial {
  return async (call) => await dialTcp(call?.signal === undefined ? options : { ...options, signal: call.signal })
}

/** Opens one connection. @throws TransportError `unreachable`, `aborted` */
export async function dialTcp(options: TcpDialOptions & { readonly signal?: AbortSignal }): Promise<Connection> {
  const { host, port, protocol, timeoutMs = 10_000, signal, ...limits } = options
  if (isAborted(signal)) throw aborted(signal)
  const timeout = AbortSignal.timeout(timeoutMs)
  const socket = connect({ host, port, allowHalfOpen: true })
  try {
    await connected(socket, signal === undefined ? timeout : AbortSignal.any([signal, timeout]))
  } catch (cause) {
    socket.destroy()
    if (isAborted(signal)) throw aborted(signal)
    throw unreachable(host, port, timeout.aborted ? new Error(`${timeoutMs} ms were not enough`) : (cause as Error))
  }
  const peerAddress = formatHostPort(plainAddress(socket.remoteAddress ?? host), port)
  return (protocol ?? FRAMED).connect(tcpPipe(socket), { ...limits, kind: "tcp", peerAddress })
}

async function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  socket.once("connect", resolve)
  socket.on("error", reject)
  try {
    await promise
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

/** A call, because the compiler takes a signal that was not aborted once for one that never is. */
const isAborted = (signal: AbortSignal | undefined): signal is AbortSignal => signal?.aborted === true

function aborted(signal: AbortSignal): TransportError {
  return new TransportError("aborted", "dialling was aborted", { cause: signal.reason })
}

function unreachable(host: string, port: number, cause: Error): TransportError {
  const message =
    `no answer from ${formatHostPort(host, port)} over TCP (${cause.message}): check the address, that somebody listens ` +
    `there, and that TCP port ${port} passes the firewalls between`
  return new TransportError("unreachable", message, { cause })
}

import { createServer } from "node:net"
import type { Server } from "node:net"
import { AcceptQueue } from "@qpc/transport"
import type { ConnectionLimits, Listener, StreamProtocol } from "@qpc/transport"
import { Admission, formatHostPort, listenError, plainAddress } from "@qpc/transport/node"
import { FRAMED } from "./protocol.ts"
import { tcpPipe } from "./tcp-pipe.ts"

/** Where to listen, and within which limits. The limits of each connection are those of `ConnectionLimits`. */
export interface TcpListenOptions extends ConnectionLimits {
  /** An address or name of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
  /** What travels on the connections. Default: the frames of `@qpc/transport`. */
  readonly protocol?: StreamProtocol
  /** Open connections; more are turned away. Default 10 000. */
  readonly maxConnections?: number
  /** Of those, from one IPv4 address or /64 of IPv6. Default 1 000. */
  readonly maxConnectionsPerAddress?: number
  /** Connections that wait to be accepted; more are turned away. Default 512. */
  readonly backlog?: number
}

/** Listens for TCP. @throws TransportError `address_in_use`, `address_unavailable` */
export async function listenTcp(options: TcpListenOptions): Promise<Listener> {
  const { host, port, protocol, maxConnections, maxConnectionsPerAddress, backlog, ...limits } = options
  const queue = new AcceptQueue(backlog ?? 512)
  const admission = new Admission(maxConnections ?? 10_000, maxConnectionsPerAddress ?? 1_000)
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const leave = queue.hasRoom ? admission.enter(socket.remoteAddress ?? "") : undefined
    if (!leave) return void socket.destroy()
    socket.on("close", leave)
    const peerAddress = formatHostPort(plainAddress(socket.remoteAddress ?? ""), socket.remotePort ?? 0)
    queue.offer((protocol ?? FRAMED).connect(tcpPipe(socket), { ...limits, kind: "tcp", peerAddress }))
  })
  await bind(server, host, port)
  const close = async (): Promise<void> => {
    queue.close()
    server.close()
  }
  return {
    address: { host, port: portOf(server) },
    connections: queue.connections(close),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, host, port, "TCP")))
    server.listen(port, host, () => resolve())
  })
  server.removeAllListeners("error")
  // Running out of file descriptors is the one error left: `accept` is tried again when there are some.
  server.on("error", () => {})
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("unreachable: a TCP server has a port")
  return address.port
}

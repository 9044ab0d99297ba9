import { createSocket } from "node:dgram"
import type { Socket } from "node:dgram"
import type { BadRelay } from "./bad-relay.ts"

/** Written before a packet that everybody else gets. */
export const EVERYBODY = 0xff
const LOOPBACK = "127.0.0.1"

/** A UDP socket on a free port of this machine. */
export async function openSocket(): Promise<Socket> {
  const socket = createSocket("udp4")
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject)
    socket.bind(0, LOOPBACK, resolve)
  })
  return socket
}

/** Sends to another socket of this machine. Whether it arrives is the network's business. */
export function sendTo(socket: Socket, bytes: Uint8Array, { port }: { readonly port: number }): void {
  socket.send(bytes, port, LOOPBACK)
}

/** Passes packets between sockets, each whose first byte says to whom, as `relay` lets it. */
export function passThrough(socket: Socket, relay: BadRelay, ports: readonly number[]): void {
  socket.on("message", (datagram, from) => {
    const [to] = datagram
    for (const [memberId, port] of ports.entries()) {
      if (port === from.port || (to !== EVERYBODY && to !== memberId)) continue
      for (const copy of relay.carry(datagram.subarray(1))) sendTo(socket, copy, { port })
    }
  })
}

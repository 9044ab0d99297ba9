import type { Socket } from "node:net"
import { DuplexPipe } from "@qpc/transport/node"

/** The kernel asks a silent peer so often whether its machine is still there. */
const KEEP_ALIVE_MS = 30_000

/** The pipe over a connected socket of either side. The socket must have been made with `allowHalfOpen`. */
export function tcpPipe(socket: Socket): DuplexPipe {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return new DuplexPipe(socket, async () => {
    if (socket.closed) return
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve())
      socket.destroy()
    })
  })
}

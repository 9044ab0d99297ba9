import { connect, createServer } from "node:net"
import type { Server, Socket } from "node:net"
import type { FailingNetwork } from "./pair-through.ts"

/** A network between two ends on the loopback that can fail on demand: from `cut` on its connections are reset. */
export class TcpRelay implements FailingNetwork {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(serverPort: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: serverPort, host: "127.0.0.1", allowHalfOpen: true })
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.on("error", () => other.destroy())
        socket.on("close", () => this.#sockets.delete(socket))
        socket.pipe(other)
      }
    })
  }

  static async open(serverPort: number): Promise<TcpRelay> {
    const relay = new TcpRelay(serverPort)
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve))
    return relay
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

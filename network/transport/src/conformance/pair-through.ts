import type { Connection, Listener } from "../connection.ts"
import type { ConnectionPair } from "./connection-pair.ts"

/** A network on the loopback that can fail on demand. */
export interface FailingNetwork extends AsyncDisposable {
  /** What is sent there comes out at the listener. */
  readonly port: number
  cut(): void
}

/** Dials a listener through a network. Disposing the pair ends the connections, the listener and the network. */
export async function pairThrough(
  network: FailingNetwork,
  listener: Listener,
  dial: (port: number) => Promise<Connection>,
): Promise<ConnectionPair> {
  const accepting = listener.connections[Symbol.asyncIterator]().next()
  const near = await dial(network.port)
  const far = (await accepting).value as Connection
  return {
    near,
    far,
    cut: () => network.cut(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([near.close(), far.close()])
      await listener.close()
      await network[Symbol.asyncDispose]()
    },
  }
}

import { AcceptQueue } from "../accept-queue.ts"
import type { Connection, Dial, Listener } from "../connection.ts"
import { TransportError } from "../connection.ts"
import { framedConnection } from "../framed/framed-connection.ts"
import type { ConnectionLimits } from "../framed/framed-connection.ts"
import { MemoryPipe } from "./memory-pipe.ts"

/** Two connected ends. */
export interface MemoryPair extends AsyncDisposable {
  readonly near: Connection
  readonly far: Connection
  /** Pulls the cable: both ends learn that the connection was cut, and what was under way is lost. */
  cut(): void
}

/**
 * A connection inside this process, for tests and for a client and a server in one program.
 *
 * It behaves like those over a network, back-pressure included, but sends no keep-alives unless asked to.
 */
export function memoryPair(limits: ConnectionLimits = {}): MemoryPair {
  const [nearPipe, farPipe] = MemoryPipe.pair()
  const options = { keepAliveMs: 0, answerWithinMs: 0, ...limits, kind: "memory", peerAddress: "memory" } as const
  const near = framedConnection(nearPipe, options)
  const far = framedConnection(farPipe, options)
  return {
    near,
    far,
    cut: () => {
      nearPipe.cut()
      farPipe.cut()
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all([near.close(), far.close()])),
  }
}

/** A listener inside this process, and the way to reach it. */
export interface MemoryListener {
  readonly listener: Listener
  /** @throws TransportError `unreachable` after the listener closed or while 1 024 connections wait; `aborted` */
  readonly dial: Dial
}

const BACKLOG = 1_024

/** Accepts connections from `dial`. @param limits - of both ends */
export function memoryListener(limits: ConnectionLimits = {}): MemoryListener {
  const queue = new AcceptQueue(BACKLOG)
  const close = async (): Promise<void> => queue.close()
  const listener: Listener = {
    address: { host: "memory", port: 0 },
    connections: queue.connections(close),
    close,
    [Symbol.asyncDispose]: close,
  }
  const dial: Dial = async (options) => {
    await Promise.resolve()
    if (options?.signal?.aborted === true) {
      throw new TransportError("aborted", "dialling was aborted", { cause: options.signal.reason })
    }
    if (!queue.hasRoom) throw new TransportError("unreachable", "nobody accepts connections here")
    const { near, far } = memoryPair(limits)
    queue.offer(far)
    return near
  }
  return { listener, dial }
}

import { memoryPair, type Connection } from "@qpc/transport"
import type { RpcServerLimits } from "../limits.ts"
import { methods } from "../method.ts"
import { serverFrameReceiver, type ServerFrame } from "../receive.ts"
import type { CallRecord, Handlers, RpcServerConnection, ServerFault } from "../rpc-server.ts"
import { encodeRequest } from "../send.ts"
import { serveRpc } from "../serve-rpc.ts"
import { refuseAll } from "./refuse-all.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** What the handlers of these tests know of their connection. */
export interface Session {
  username?: string
}

/** A served connection whose client is the test. */
export interface Played {
  readonly served: RpcServerConnection
  /** The client's end, played by the test. */
  readonly client: Connection
  /** What the server sent. */
  readonly told: ServerFrame[]
  readonly clock: VirtualClock
  readonly records: CallRecord[]
  readonly faults: ServerFault[]
  /** Why the client's end is over, once it is. */
  readonly clientEnd: Promise<unknown>
  readonly cut: () => void
}

/** How to serve. */
export interface Play {
  readonly limits?: Partial<RpcServerLimits>
  readonly session?: Session
  /** False for a client that reads nothing. */
  readonly reads?: boolean
}

/** Serves `handlers`, and refuses every other call. */
export function play(
  handlers: Partial<Handlers<Session>>,
  { limits = {}, session = {}, reads = true }: Play = {},
): Played {
  const pair = memoryPair({ windowBytes: 65_536 })
  const { near, far } = pair
  const clock = new VirtualClock()
  const records: CallRecord[] = []
  const faults: ServerFault[] = []
  const told: ServerFrame[] = []
  const served = serveRpc<Session>(far, {
    handlers: { ...refuseAll(), ...handlers },
    context: session,
    hasSession: ({ username }) => username !== undefined,
    limits,
    clock,
    random: (lengthBytes) => new Uint8Array(lengthBytes).fill(0xab),
    onCall: (record) => void records.push(record),
    onFault: (fault) => void faults.push(fault),
  })
  const listen = async (): Promise<unknown> => {
    const receiver = serverFrameReceiver(4 * 1024 * 1024)
    try {
      for await (const chunk of near.incoming) told.push(...receiver.receive(chunk).frames)
      return undefined
    } catch (error) {
      return error
    }
  }
  const clientEnd = reads ? listen() : Promise.resolve()
  return { served, client: near, told, clock, records, faults, clientEnd, cut: () => pair.cut() }
}

/** A request without a payload. */
export const health = (requestId: number): Uint8Array => encodeRequest(methods.health.id, requestId, new Uint8Array(0))
/** A handler that answers when the test says so, and what it was given. */
export function held(): { handler: Handlers<Session>["health"]; release: () => void; signals: AbortSignal[] } {
  const signals: AbortSignal[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const handler: Handlers<Session>["health"] = async (_request, _context, { signal }) => {
    signals.push(signal)
    await promise
    return {}
  }
  return { handler, release: resolve, signals }
}

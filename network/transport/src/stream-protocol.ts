import { bareConnection } from "./bare/bare-connection.ts"
import type { BareOptions } from "./bare/bare-connection.ts"
import type { Connection } from "./connection.ts"
import type { PausablePipe } from "./framed/byte-pipe.ts"
import { framedConnection } from "./framed/framed-connection.ts"
import type { FramedOptions } from "./framed/framed-connection.ts"

/**
 * What travels on the one stream of a connection: a transport moves bytes, this says which. Both ends must use the same.
 * A protocol that encrypts (Noise) is one that wraps the pipe before it connects it.
 */
export interface StreamProtocol {
  /** Its name in handshakes that negotiate one (ALPN, RFC 7301). */
  readonly name: string
  /** True if each end sends something as soon as it is connected. Where it is false, the end that dialled speaks first. */
  readonly greets: boolean
  /** True if neither end lets go of the pipe before the peer has said that it read everything. */
  readonly confirmsEnd: boolean
  /** How long the peer may be silent, in milliseconds, 0 for ever; undefined where the protocol asks silent peers itself. */
  readonly idleTimeoutMs?: number
  /** Makes the connection; called once for each pipe, in the turn that made it. */
  connect(pipe: PausablePipe, options: FramedOptions): Connection
}

/** The frames of `framedConnection` under a name: every promise of `Connection`. @param defer - see `FramedOptions.defer` */
export function framedProtocol(name: string, { defer }: Pick<FramedOptions, "defer"> = {}): StreamProtocol {
  const gathering = defer === undefined ? {} : { defer }
  return {
    name,
    greets: true,
    confirmsEnd: true,
    connect: (pipe, options) => framedConnection(pipe, { ...gathering, ...options }),
  }
}

/** What is particular to a `bareProtocol`. */
export interface BareProtocolOptions extends Pick<BareOptions, "defer" | "idleTimeoutMs" | "maxUnreadBytes"> {
  readonly name: string
}

/** Nothing but what is written: for peers that are not ours, and whatever frames they use. See `bareConnection`. */
export function bareProtocol({ name, idleTimeoutMs = 0, ...own }: BareProtocolOptions): StreamProtocol {
  return {
    name,
    greets: false,
    confirmsEnd: false,
    idleTimeoutMs,
    connect: (pipe, options) => bareConnection(pipe, { ...own, idleTimeoutMs, ...options }),
  }
}

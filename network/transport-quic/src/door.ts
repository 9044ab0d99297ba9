import type { AcceptQueue, ConnectionLimits, StreamProtocol } from "@qpc/transport"
import type { Admission } from "@qpc/transport/node"
import type { ServerCertificate } from "./certificate.ts"

/** What the TCP and the UDP half of one listener share. */
export interface Door {
  /** An IP address. */
  readonly host: string
  readonly certificate: ServerCertificate
  readonly handshakeTimeoutMs: number
  readonly protocol: StreamProtocol
  readonly limits: ConnectionLimits
  readonly admission: Admission
  readonly maxConnections: number
  readonly queue: AcceptQueue
}

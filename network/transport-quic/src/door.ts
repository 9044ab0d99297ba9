import type { AcceptQueue, ConnectionLimits } from "@qpc/transport"
import type { Admission } from "./admission.ts"
import type { ServerCertificate } from "./certificate.ts"

/** What the TCP and the UDP half of one listener share. */
export interface Door {
  /** An IP address. */
  readonly host: string
  readonly certificate: ServerCertificate
  readonly handshakeTimeoutMs: number
  readonly limits: ConnectionLimits
  readonly admission: Admission
  readonly maxConnections: number
  readonly queue: AcceptQueue
}

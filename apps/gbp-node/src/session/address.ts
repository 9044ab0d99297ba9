import { isIPv6 } from "node:net"
import type { Fingerprint } from "@qpc/transport-quic"
import { toFingerprint } from "@qpc/transport-quic"
import { UsageError } from "../usage-error.ts"

/** Where a node is, and over QUIC which key it has. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
  readonly fingerprint: Fingerprint | undefined
}

const FORM = "Write host:port, [::1]:port for IPv6, and host:port#sha256-… for a node that listens over QUIC."

/** @throws UsageError */
export function parseAddress(text: string): NodeAddress {
  const [, bracketed, plain, portText, fragment] = /^(?:\[([^\]]+)\]|([^:#[\]]+)):(\d{1,5})(?:#(.*))?$/.exec(text) ?? []
  const [host, port] = [bracketed ?? plain ?? "", Number(portText ?? "x")]
  if (host === "" || !(port <= 65_535) || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new UsageError(`${text} is not the address of a node.`, FORM)
  }
  try {
    return { host, port, fingerprint: fragment === undefined ? undefined : toFingerprint(fragment) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`${error.message}.`, FORM)
  }
}

import { constants } from "node:os"
import { TransportError } from "../connection.ts"
import { formatHostPort } from "./host-port.ts"

/** Explains why a port cannot be listened on. The QUIC library carries the system's number in its message only. */
export function listenError(cause: Error, host: string, port: number, protocol: "TCP" | "UDP"): TransportError {
  const where = `${formatHostPort(host, port)} (${protocol})`
  if (isAny(cause, "EADDRINUSE")) {
    const message =
      `port ${port} is taken: another program listens on ${where}. ` +
      `Stop it (it may be another qpc-server; "ss -lntup" lists who listens), or choose another port.`
    return new TransportError("address_in_use", message, { cause })
  }
  if (isAny(cause, "EACCES")) {
    const message = `no permission to listen on ${where}: choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE.`
    return new TransportError("address_unavailable", message, { cause })
  }
  const message = `cannot listen on ${where}: ${cause.message}. Choose an address of this machine, or 0.0.0.0 or :: for all.`
  return new TransportError("address_unavailable", message, { cause })
}

function isAny(cause: Error & { readonly code?: string }, code: "EADDRINUSE" | "EACCES"): boolean {
  return cause.code === code || cause.message.includes(`|errno=${constants.errno[code]}]`)
}

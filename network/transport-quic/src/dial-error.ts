import { TransportError } from "@qpc/transport"
import type { StreamProtocol } from "@qpc/transport"
import { formatServerAddress } from "./server-address.ts"
import type { ServerAddress } from "./server-address.ts"

/** The caller's signal, as an error. */
export function abortedError(signal: AbortSignal): TransportError {
  return new TransportError("aborted", "dialling was aborted", { cause: signal.reason })
}

/** Nobody answered, with what the user can check. */
export function unreachableError({ host, port }: ServerAddress, over: string, cause: unknown): TransportError {
  const where = formatServerAddress({ host, port })
  const why = cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : ""
  const message =
    `no answer from ${where} over ${over}${why}: check the address, that the server runs, ` +
    `and that UDP and TCP port ${port} pass the firewalls between`
  return new TransportError("unreachable", message, { cause })
}

/** Somebody answered, but not in our protocol. */
export function protocolError({ host, port }: ServerAddress, { name }: StreamProtocol, cause: unknown): TransportError {
  const where = formatServerAddress({ host, port })
  const message = `what answers at ${where} does not speak TLS 1.3 with the protocol "${name}": is this the right port?`
  return new TransportError("protocol", message, { cause })
}

/** Errors after which another way to the same server must not be tried: somebody has to decide first. */
export function isFinal(error: unknown): boolean {
  return error instanceof TransportError && ["peer_changed", "aborted"].includes(error.code)
}

import { TransportError } from "@qpc/transport"
import { ProtocolError } from "./protocol-error.ts"
import { RpcError } from "./rpc-error.ts"

/** Why a connection is over; undefined if this side closed it. */
export type ConnectionEnd = TransportError | ProtocolError | undefined

/** What the peer is told about the end: a code, nothing about our inside. */
export function publicReason(end: ConnectionEnd): string {
  if (!end) return "closed"
  return end instanceof ProtocolError ? `protocol error: ${end.code}` : end.code
}

/** Transports throw `TransportError`; anything else ends the connection too, and keeps its cause. */
export function toTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  return new TransportError("closed", "the connection broke; connect again", { cause: error })
}

/** What calls in flight reject with: the server may or may not have done what was asked. */
export function connectionLost(cause: unknown): RpcError {
  return new RpcError("unavailable", "connection_lost", "The connection broke before the answer came.", { cause })
}

/** What calls reject with that were never sent. */
export function notConnected(cause?: unknown): RpcError {
  return new RpcError("unavailable", "not_connected", "There is no connection to the server.", { cause })
}

/** What calls reject with when this side gives up the connection. */
export function closedHere(): RpcError {
  return new RpcError("cancelled", "closed", "The connection was closed here.")
}

/** What a call rejects with whose signal was aborted. */
export function aborted(signal: AbortSignal | undefined): RpcError {
  return new RpcError("cancelled", "aborted", "The call was cancelled here.", { cause: signal?.reason })
}

/** What a call rejects with that would be one more than may wait. */
export function tooManyCalls(): RpcError {
  return new RpcError("resource_exhausted", "too_many_calls", "Too many calls wait already; let some finish first.")
}

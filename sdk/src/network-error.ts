import { ProtocolError, RpcError } from "@qpc/rpc"
import { TransportError } from "@qpc/transport"
import { ClientError } from "./client-error.ts"
import type { ClientErrorCode, ClientErrorDetail } from "./client-error.ts"

type Meaning = readonly [code: ClientErrorCode, message: string, nextStep: string]

/** Reasons of the server that mean something to a person (schemas/proto/qpc/v1). */
const BY_REASON: Readonly<Record<string, Meaning>> = {
  username_taken: ["username_taken", "somebody else has that username", "Choose another username, or log in with it."],
  username_invalid: [
    "username_invalid",
    "the server does not accept that username",
    "Use 1 to 64 letters of one script, digits, dots, hyphens or underscores.",
  ],
  identity_taken: ["already_registered", "this profile's key is registered already", "Log in instead."],
  proof_invalid: ["server_refused", "the server did not accept the proof of our key", "Try again with a new profile."],
  registration_closed: [
    "server_refused",
    "the server takes no new users",
    "Ask its operator, or choose another server.",
  ],
  login_refused: ["login_refused", "wrong username or password", "Check both and try again."],
  session_unknown: ["session_expired", "the server no longer knows this login", "Log in again."],
  device_unknown: [
    "device_not_approved",
    "this device is not approved yet",
    "Approve it on the device on which you registered.",
  ],
  device_revoked: ["device_not_approved", "this device was taken back", "Link it again with a new profile."],
  too_many_devices: ["device_refused", "you have as many devices as the server allows", "Remove one first."],
  user_unknown: ["user_unknown", "the server knows no such user", "Check the spelling of the name."],
  key_packages_exhausted: [
    "key_packages_exhausted",
    "that user cannot be invited right now: the key packages of the device on which they registered are used up",
    "Ask them to come online on that device, then try again; their other devices come in with it, or after it.",
  ],
  inbox_full: ["inbox_full", "a member's inbox is full", "Nothing; it is tried again until they read their messages."],
}

/** Where the reason says nothing, the status does. */
const BY_STATUS: Partial<Record<RpcError["code"], Meaning>> = {
  unauthenticated: ["session_expired", "the server wants to know who we are", "Log in again."],
  deadline_exceeded: ["timeout", "the server did not answer in time", "Try again."],
  unavailable: ["unreachable", "the server cannot be reached", "Check the network; it is tried again by itself."],
  resource_exhausted: ["rate_limited", "the server asks us to slow down", "Wait a moment and try again."],
  unimplemented: ["server_refused", "the server is too old for this", "Update the server."],
  internal: ["server_failed", "the server failed", "Try again; tell its operator if it stays so."],
}

const BY_TRANSPORT: Readonly<Record<TransportError["code"], Meaning>> = {
  unreachable: ["unreachable", "the server cannot be reached", "Nothing is lost; try again."],
  closed: ["unreachable", "the connection broke", "Check the network; it is tried again by itself."],
  overflow: ["unreachable", "the connection was too slow", "Check the network; it is tried again by itself."],
  peer_changed: [
    "server_changed",
    "the server shows another key than before; somebody may be in between",
    "Nothing was sent.",
  ],
  certificate_expired: [
    "certificate_expired",
    "the server's certificate has expired, or this machine's clock is wrong",
    "Connect over TLS (--transport auto); then set the clock, or ask the operator to renew the certificate.",
  ],
  protocol: ["protocol", "what answers there does not speak our protocol", "Check the address and the port."],
  aborted: ["aborted", "the call was cancelled", "Nothing."],
  address_unavailable: ["unreachable", "the local address cannot be used", "Choose another."],
  address_in_use: ["unreachable", "the local port is taken", "Choose another."],
}

/** Where the transport knows more than we do: which address, which fingerprint, which dates. */
const SAYS_IT_BEST: ReadonlySet<TransportError["code"]> = new Set([
  "unreachable",
  "peer_changed",
  "certificate_expired",
  "protocol",
])

/** What a failure of the network or of the server means to a person. Anything else is passed on unchanged. */
export function toClientError(error: unknown): unknown {
  if (error instanceof RpcError) return fromRpc(error)
  if (error instanceof TransportError) {
    const [code, message, nextStep] = BY_TRANSPORT[error.code]
    const meaning: Meaning = [code, SAYS_IT_BEST.has(error.code) ? error.message : message, nextStep]
    return made(meaning, { retryable: error.retryable, cause: error })
  }
  if (error instanceof ProtocolError) {
    const meaning: Meaning = ["protocol", "the server broke the protocol", "Update qpc or the server."]
    return made(meaning, { retryable: error.retryable, cause: error })
  }
  return error
}

function fromRpc(error: RpcError): ClientError {
  if (error.reason === "aborted" || error.reason === "closed") {
    return made(["aborted", "the call was cancelled", "Nothing."], { cause: error })
  }
  const inner = toClientError(error.cause)
  if (error.reason === "not_connected" && inner instanceof ClientError) return inner
  const meaning = BY_REASON[error.reason] ?? BY_STATUS[error.code]
  const says = `the server refused and says: "${brief(error.message)}" (${brief(error.reason)})`
  const unknown: Meaning = ["server_refused", says, "Ask the server's operator."]
  return made(meaning ?? unknown, { retryable: error.retryable, cause: error })
}

/** Words of the server's own, which may be of any length. */
const brief = (text: string): string =>
  text.length <= QUOTED_CHARACTERS ? text : `${text.slice(0, QUOTED_CHARACTERS)}…`

const QUOTED_CHARACTERS = 200

function made([code, message, nextStep]: Meaning, detail: Omit<ClientErrorDetail, "nextStep">): ClientError {
  return new ClientError(code, message, { ...detail, nextStep })
}

/** Runs a call to the network; what it throws is a `ClientError`, or a mistake of ours. */
export async function asClientError<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw toClientError(error)
  }
}

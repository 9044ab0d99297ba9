import { isIPv6 } from "node:net"
import { formatHostPort } from "@qpc/transport/node"

/** `sha256-` and the SHA-256 of a certificate's SubjectPublicKeyInfo in base64url: it outlives renewals of one key. */
export type Fingerprint = `sha256-${string}`

/** Where a server is, and which key it must have. */
export interface ServerAddress {
  /** A DNS name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** With it there is no trust on first use: another key is refused. */
  readonly fingerprint?: Fingerprint
}

const FORM = "qpc://host:7000 or qpc://host:7000#sha256-<fingerprint>"
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*$/i

/** Reads what a person typed or scanned. @throws TypeError that says which part is wrong and shows the form */
export function parseServerAddress(text: string): ServerAddress {
  const parts = /^qpc:\/\/(?:\[([^\]]*)\]|([^:/?#[\]@]*))(?::([0-9]*))?(?:#(.*))?$/is.exec(text.trim())
  if (!parts) throw new TypeError(`"${text}" is not a server address; write ${FORM}`)
  const [, bracketed, plain, portText, fragment] = parts
  const host = (bracketed ?? plain ?? "").toLowerCase()
  if (bracketed === undefined ? !NAME.test(host) : !isIPv6(host) || host.includes("%")) {
    throw new TypeError(`"${host}" is not a host name or an address; write ${FORM}, and [::1] for IPv6`)
  }
  const port = Number(portText ?? "")
  if (!(port >= 1 && port <= 65_535)) {
    throw new TypeError(`the server address "${text}" needs a port between 1 and 65535; write ${FORM}`)
  }
  return fragment === undefined ? { host, port } : { host, port, fingerprint: toFingerprint(fragment) }
}

/** The one way to write an address: `parseServerAddress` reads it back. */
export function formatServerAddress({ host, port, fingerprint }: ServerAddress): string {
  return `qpc://${formatHostPort(host, port)}${fingerprint === undefined ? "" : `#${fingerprint}`}`
}

/** Checks the form of a fingerprint. @throws TypeError */
export function toFingerprint(text: string): Fingerprint {
  const encoded = /^sha256-([A-Za-z0-9_-]{43})$/.exec(text)?.[1]
  // The last character carries four bits; any other ending would be a second way to write the same hash.
  if (encoded === undefined || Buffer.from(encoded, "base64url").toString("base64url") !== encoded) {
    throw new TypeError(
      `"${text}" is not a fingerprint: sha256- and 43 characters; copy it whole from the server's log`,
    )
  }
  return `sha256-${encoded}`
}

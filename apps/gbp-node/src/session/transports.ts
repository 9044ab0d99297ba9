import { bareProtocol, frameChannel } from "@qpc/transport"
import type { FrameChannel, Listener, StreamProtocol } from "@qpc/transport"
import { dial, listen, makeCertificate, readCertificate } from "@qpc/transport-quic"
import { dialTcp, listenTcp } from "@qpc/transport-tcp"
import { UsageError } from "../usage-error.ts"
import type { NodeAddress } from "./address.ts"

/** Frames of the Group Protocol Stack as they are on the wire, whatever is below. @param idleMs - silence that is too long, 0 for none */
function gbp(idleMs: number): StreamProtocol {
  return bareProtocol({ name: "gbp", idleTimeoutMs: idleMs, defer: (task) => process.nextTick(task) })
}

/** A node makes a certificate when it starts; it is worth something as long as the node runs. */
const CERTIFICATE_DAYS = 30
/** Each connection costs a commit: enough for a group of people, not for a flood. */
const CONNECTIONS_MAX = 256
/** Of those, from one address: nobody takes all places alone. */
const CONNECTIONS_PER_ADDRESS_MAX = 64

/** What carries the frames, and how long the other side may be silent. */
export interface TransportChoice {
  readonly name: "tcp" | "quic"
  /** Milliseconds; 0 for ever. */
  readonly idleMs: number
}

/** A node that listens. */
export interface Listening {
  readonly listener: Listener
  /** What others are told to connect to: `host:port`, over QUIC with the fingerprint. */
  readonly address: string
}

/** @throws TransportError `address_in_use`, `address_unavailable` */
export async function openListener(transport: TransportChoice, at: NodeAddress, nowMs: number): Promise<Listening> {
  const limits = {
    host: at.host,
    port: at.port,
    protocol: gbp(transport.idleMs),
    maxConnections: CONNECTIONS_MAX,
    maxConnectionsPerAddress: CONNECTIONS_PER_ADDRESS_MAX,
  }
  const place = (port: number): string => (at.host.includes(":") ? `[${at.host}]:${port}` : `${at.host}:${port}`)
  if (transport.name === "tcp") {
    const listener = await listenTcp(limits)
    return { listener, address: place(listener.address.port) }
  }
  const certificate = makeCertificate({ names: ["localhost"], days: CERTIFICATE_DAYS, now: new Date(nowMs) })
  const listener = await listen({ ...limits, certificate })
  const { fingerprint } = readCertificate(certificate.certificatePem)
  return { listener, address: `${place(listener.address.port)}#${fingerprint}` }
}

/** @throws TransportError `unreachable`, `aborted`, `peer_changed`; UsageError for QUIC without a fingerprint, and TCP with one */
export async function openChannel(
  transport: TransportChoice,
  to: NodeAddress,
  signal: AbortSignal,
): Promise<FrameChannel> {
  const { host, port, fingerprint } = to
  const protocol = gbp(transport.idleMs)
  if (transport.name === "tcp") {
    if (fingerprint !== undefined)
      throw new UsageError("Plain TCP proves no key.", "Leave the fingerprint out, or use --transport quic.")
    return frameChannel(await dialTcp({ host, port, protocol, signal }))
  }
  if (fingerprint === undefined) {
    throw new UsageError(
      "QUIC needs the fingerprint of the node.",
      "`gbp-node listen` prints it: connect to host:port#sha256-…",
    )
  }
  return frameChannel(await dial({ host, port, pin: { fingerprint }, transport: "quic", protocol, signal }))
}

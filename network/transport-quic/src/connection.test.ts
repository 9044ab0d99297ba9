import type { StreamProtocol } from "@qpc/transport"
import { describeConnection, describeListener, pairThrough } from "@qpc/transport/conformance"
import type { ConnectionPair, ListenerFixture } from "@qpc/transport/conformance"
import { dial, dialer } from "./dial.ts"
import { listen } from "./listen.ts"
import { QPC_PROTOCOL } from "./protocol.ts"
import { prefacedProtocol } from "./testing/prefaced.ts"
import { openRelay } from "./testing/relay.ts"
import { IMPATIENT, loopbackCertificate } from "./testing/server.ts"
import type { KnownServers } from "./known-servers.ts"
import { readCertificate } from "./certificate.ts"

const certificate = loopbackCertificate()
const { fingerprint } = readCertificate(certificate.certificatePem)
/** Knows the certificate under every port. */
const knows: KnownServers = {
  load: async () => ({ fingerprint, certificatePem: certificate.certificatePem }),
  save: async () => {},
}

async function pair(transport: "quic" | "tls", protocol: StreamProtocol = QPC_PROTOCOL): Promise<ConnectionPair> {
  const listener = await listen({ host: "127.0.0.1", port: 0, certificate, protocol, ...IMPATIENT })
  const relay = await openRelay({ serverPort: listener.address.port, passesUdp: true })
  const pin = { fingerprint, store: knows }
  return await pairThrough(relay, listener, async (port) => {
    return await dial({ host: "127.0.0.1", port, pin, transport, protocol, headStartMs: 5_000, ...IMPATIENT })
  })
}

async function fixture(transport: "auto" | "quic" | "tls"): Promise<ListenerFixture> {
  const listener = await listen({ host: "127.0.0.1", port: 0, certificate })
  const dialNow = dialer({ ...listener.address, pin: { fingerprint, store: knows }, transport })
  return { listener, dial: dialNow, [Symbol.asyncDispose]: async () => await listener.close() }
}

describeConnection("QUIC", { makePair: async () => await pair("quic"), mostUnreadBytes: 524_288 })
describeConnection("TLS", { makePair: async () => await pair("tls"), mostUnreadBytes: 524_288 })

const bare = prefacedProtocol(3_000)
const barePair = async (): Promise<ConnectionPair> => await pair("quic", bare)
describeConnection("bare QUIC", {
  makePair: barePair,
  mostUnreadBytes: 4_000_000,
  isBare: true,
  slowReaderFails: true,
})
describeConnection("bare TLS", {
  makePair: async () => await pair("tls", bare),
  mostUnreadBytes: 24_000_000,
  isBare: true,
})

describeListener("QUIC", async () => await fixture("quic"))
describeListener("TLS", async () => await fixture("tls"))
describeListener("QUIC or TLS", async () => await fixture("auto"))

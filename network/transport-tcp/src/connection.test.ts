import { bareProtocol } from "@qpc/transport"
import type { ConnectionLimits, StreamProtocol } from "@qpc/transport"
import { describeConnection, describeListener, pairThrough, TcpRelay } from "@qpc/transport/conformance"
import type { ConnectionPair, ListenerFixture } from "@qpc/transport/conformance"
import { dialTcp, tcpDialer } from "./dial.ts"
import { listenTcp } from "./listen.ts"
import { FRAMED } from "./protocol.ts"

/** Notices a dead network soon enough for a test. */
const IMPATIENT: ConnectionLimits = { keepAliveMs: 400, missedKeepAlives: 3 }
const BARE = bareProtocol({ name: "bare" })

async function pair(protocol: StreamProtocol): Promise<ConnectionPair> {
  const listener = await listenTcp({ host: "127.0.0.1", port: 0, protocol, ...IMPATIENT })
  const relay = await TcpRelay.open(listener.address.port)
  return await pairThrough(relay, listener, async (port) => {
    return await dialTcp({ host: "127.0.0.1", port, protocol, ...IMPATIENT })
  })
}

async function fixture(protocol: StreamProtocol): Promise<ListenerFixture> {
  const listener = await listenTcp({ host: "127.0.0.1", port: 0, protocol })
  const dial = tcpDialer({ ...listener.address, protocol })
  return { listener, dial, [Symbol.asyncDispose]: async () => await listener.close() }
}

describeConnection("framed TCP", { makePair: async () => await pair(FRAMED), mostUnreadBytes: 524_288 })
// The kernel's buffers, of which there are four on the way through the relay, decide how much is unread.
describeConnection("bare TCP", { makePair: async () => await pair(BARE), mostUnreadBytes: 24_000_000, isBare: true })

describeListener("framed TCP", async () => await fixture(FRAMED))
describeListener("bare TCP", async () => await fixture(BARE))

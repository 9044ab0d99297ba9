import { bareProtocol } from "@qpc/transport"
import type { Connection, ConnectionLimits, StreamProtocol } from "@qpc/transport"
import { describeConnection, describeListener, TcpRelay } from "@qpc/transport/conformance"
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
  const accepting = listener.connections[Symbol.asyncIterator]().next()
  const near = await dialTcp({ host: "127.0.0.1", port: relay.port, protocol, ...IMPATIENT })
  const far = (await accepting).value as Connection
  return {
    near,
    far,
    cut: () => relay.cut(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([near.close(), far.close()])
      await listener.close()
      relay.close()
    },
  }
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

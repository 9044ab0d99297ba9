import { bareProtocol, frameChannel } from "@qpc/transport"
import type { Connection, FrameChannel, Listener } from "@qpc/transport"
import { dial, listen, makeCertificate, readCertificate } from "@qpc/transport-quic"
import type { Fingerprint } from "@qpc/transport-quic"
import type { Carrier } from "./carrier.ts"

const GBP = bareProtocol({ name: "gbp" })
const HOST = "127.0.0.1"

/** One connection between two parties, from one end. */
interface End {
  readonly channel: FrameChannel
  readonly frames: AsyncIterator<Uint8Array>
}

/** Real QUIC on the loopback: one connection for each two parties, made when they first speak. */
export class QuicCarrier implements Carrier {
  readonly name = "loopback QUIC"
  readonly #listener: Listener
  readonly #accepted: AsyncIterator<Connection>
  readonly #fingerprint: Fingerprint
  /** By `from to`, the end at `from`. */
  readonly #ends = new Map<string, End>()

  private constructor(listener: Listener, fingerprint: Fingerprint) {
    this.#listener = listener
    this.#accepted = listener.connections[Symbol.asyncIterator]()
    this.#fingerprint = fingerprint
  }

  /** @param nowMs - Unix time, for the certificate. @throws TransportError */
  static async open(nowMs: number): Promise<QuicCarrier> {
    const certificate = makeCertificate({ names: ["localhost"], days: 1, now: new Date(nowMs) })
    const listener = await listen({ host: HOST, port: 0, certificate, protocol: GBP })
    return new QuicCarrier(listener, readCertificate(certificate.certificatePem).fingerprint)
  }

  /** @throws TransportError */
  async carry(from: string, to: string, bytes: Uint8Array): Promise<Uint8Array> {
    const near = this.#ends.get(`${from} ${to}`) ?? (await this.#connect(from, to))
    const far = this.#ends.get(`${to} ${from}`)!
    await near.channel.send(bytes)
    const next = await far.frames.next()
    if (next.done === true) throw new Error("unreachable: nobody ends these connections before the scenario is over")
    return next.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#ends.values()].map(async ({ channel }) => await channel.close()))
    await this.#listener.close()
  }

  async #connect(from: string, to: string): Promise<End> {
    const pin = { fingerprint: this.#fingerprint }
    const near = endOf(
      await dial({ host: HOST, port: this.#listener.address.port, pin, transport: "quic", protocol: GBP }),
    )
    // A QUIC stream exists for the other end once something was sent on it.
    await near.channel.send(Uint8Array.of(0))
    for (;;) {
      const { value } = await this.#accepted.next()
      const far = endOf(value as Connection)
      // The contact over TLS, from which the certificate was learned, ends without a frame.
      if ((await far.frames.next()).done === true) continue
      this.#ends.set(`${from} ${to}`, near).set(`${to} ${from}`, far)
      return near
    }
  }
}

function endOf(connection: Connection): End {
  const channel = frameChannel(connection)
  return { channel, frames: channel.incoming[Symbol.asyncIterator]() }
}

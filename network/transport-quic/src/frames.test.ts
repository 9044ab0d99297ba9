import { bareProtocol, frameChannel } from "@qpc/transport"
import type { Connection, FrameChannel } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { readCertificate } from "./certificate.ts"
import { dial } from "./dial.ts"
import { listen } from "./listen.ts"
import { loopbackCertificate } from "./testing/server.ts"

const protocol = bareProtocol({ name: "gbp" })

interface Ends extends AsyncDisposable {
  readonly near: FrameChannel
  readonly far: FrameChannel
}

/** Two ends of a QUIC connection that carries nothing but length-prefixed frames; the near end has sent `first`. */
async function ends(first: Uint8Array): Promise<Ends> {
  const certificate = loopbackCertificate()
  const listener = await listen({ host: "127.0.0.1", port: 0, certificate, protocol })
  const pin = { fingerprint: readCertificate(certificate.certificatePem).fingerprint }
  const nearConnection = await dial({ ...listener.address, pin, transport: "quic", protocol, headStartMs: 5_000 })
  await nearConnection.write(first)
  const accepted = listener.connections[Symbol.asyncIterator]()
  let far = (await accepted.next()).value as Connection
  // The contact over TLS, from which the certificate was learned.
  if (far.kind === "tls") far = (await accepted.next()).value as Connection
  const channels = { near: frameChannel(nearConnection), far: frameChannel(far, 1_000) }
  return {
    ...channels,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([channels.near.close(), channels.far.close()])
      await listener.close()
    },
  }
}

describe("frames over a bare QUIC stream", () => {
  it("are the same bytes as over TCP, both ways", async () => {
    await using pair = await ends(Buffer.from("02000000a1b2", "hex"))
    const [atNear, atFar] = [pair.near.incoming, pair.far.incoming].map((frames) => frames[Symbol.asyncIterator]())
    expect((await atFar!.next()).value).toEqual(Uint8Array.of(0xa1, 0xb2))
    await pair.far.send(Uint8Array.of(0xff))
    expect((await atNear!.next()).value).toEqual(Uint8Array.of(0xff))
    await pair.near.finish()
    expect((await atFar!.next()).done).toBe(true)
    await pair.far.finish()
    expect((await atNear!.next()).done).toBe(true)
  })

  it("end the connection of a peer that announces more than the limit", async () => {
    await using pair = await ends(Buffer.from("e9030000", "hex"))
    const reading = pair.far.incoming[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({ name: "FramingError", code: "frame_too_large", offset: 0 })
    const told = await pair.near.incoming[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error)
    expect(told).toSatisfy(
      (outcome: { done?: boolean; code?: string }) => outcome.done === true || outcome.code === "closed",
    )
  })

  it("are refused by a server of another protocol", async () => {
    const certificate = loopbackCertificate()
    await using listener = await listen({ host: "127.0.0.1", port: 0, certificate })
    const pin = { fingerprint: readCertificate(certificate.certificatePem).fingerprint }
    const dialling = dial({ ...listener.address, pin, transport: "quic", protocol })
    await expect(dialling).rejects.toMatchObject({ code: "protocol", retryable: false })
    await expect(dialling).rejects.toThrow('the protocol "gbp"')
  })
})

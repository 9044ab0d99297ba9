import { spawn } from "node:child_process"
import { createSocket } from "node:dgram"
import { connect, createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { connectQuic } from "@currentspace/http3"
import type { QuicClientSession } from "@currentspace/http3"
import { describe, expect, it } from "vitest"
import { patternBytes, readAll } from "@qpc/transport/conformance"
import { dial } from "./dial.ts"
import { memoryKnownServers } from "./known-servers.ts"
import { listen } from "./listen.ts"
import { echoes, echoServer, loopbackCertificate } from "./testing/server.ts"
import type { EchoServer } from "./testing/server.ts"

const certificate = loopbackCertificate()

describe("listening", () => {
  it("accepts QUIC and TLS on one port", async () => {
    await using server = await echoServer()
    await using quic = await dial({ ...server.dialOptions, transport: "quic" })
    await using tls = await dial({ ...server.dialOptions, transport: "tls" })
    expect([quic.kind, tls.kind]).toEqual(["quic", "tls"])
    expect([await echoes(quic), await echoes(tls)]).toEqual([true, true])
  })

  it("says which port is taken for TCP, and what to do", async () => {
    await using server = await echoServer()
    const { port } = server.listener.address
    const again = listen({ host: "127.0.0.1", port, certificate })
    await expect(again).rejects.toMatchObject({ name: "TransportError", code: "address_in_use", retryable: false })
    await expect(again).rejects.toThrow(new RegExp(`port ${port} is taken: .*TCP.*choose another port`))
  })

  it("says which port is taken for UDP, and leaves TCP as it was", async () => {
    const other = createSocket("udp4")
    await new Promise<void>((resolve) => other.bind(0, "127.0.0.1", resolve))
    const { port } = other.address()
    await expect(listen({ host: "127.0.0.1", port, certificate })).rejects.toMatchObject({ code: "address_in_use" })
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(port, "127.0.0.1", resolve))
    free.close()
    other.close()
  })

  it("says that an address is not this machine's", async () => {
    const elsewhere = listen({ host: "192.0.2.1", port: 0, certificate })
    await expect(elsewhere).rejects.toMatchObject({ code: "address_unavailable" })
  })

  it("refuses a key that is not the certificate's before it listens", async () => {
    const { privateKeyPem } = loopbackCertificate()
    const mixed = listen({ host: "127.0.0.1", port: 0, certificate: { ...certificate, privateKeyPem } })
    await expect(mixed).rejects.toThrow(TypeError)
  })

  it("frees the port for both when everything has ended", async () => {
    const first = await echoServer({ certificate })
    const { port } = first.listener.address
    const connection = await dial({ ...first.dialOptions, transport: "quic" })
    await connection.close()
    await first[Symbol.asyncDispose]()
    await using second = await echoServer({ certificate, port })
    await using again = await dial({ ...second.dialOptions, transport: "quic" })
    expect(await echoes(again)).toBe(true)
  })

  it("turns away more connections than it is allowed, and takes new ones when some ended", async () => {
    await using server = await echoServer({ maxConnections: 2 })
    const quic = await dial({ ...server.dialOptions, transport: "tls" })
    await using tls = await dial({ ...server.dialOptions, transport: "tls" })
    const third = dial({ ...server.dialOptions, transport: "tls" })
    await expect(third).rejects.toMatchObject({ code: "unreachable", retryable: true })
    await quic.close()
    await using fourth = await dial({ ...server.dialOptions, transport: "tls" })
    expect([await echoes(tls), await echoes(fourth)]).toEqual([true, true])
  })

  it("tells a QUIC client that there is no room for another connection from its address", async () => {
    await using server = await echoServer({ maxConnectionsPerAddress: 1 })
    await server.dialOptions.pin.store!.save(
      `127.0.0.1:${server.listener.address.port}`,
      { fingerprint: server.dialOptions.pin.fingerprint!, certificatePem: server.certificate.certificatePem },
      "first_contact",
    )
    await using only = await dial({ ...server.dialOptions, transport: "quic" })
    const second = dial({ ...server.dialOptions, transport: "quic", headStartMs: 1_000 })
    await expect(second).rejects.toMatchObject({ code: "unreachable" })
    expect(await echoes(only)).toBe(true)
  })
})

describe("a listener among strangers", () => {
  it("is not disturbed by garbage on its TCP and UDP port", async () => {
    await using server = await echoServer({ handshakeTimeoutMs: 1_000 })
    const { host, port } = server.listener.address
    await using before = await dial({ ...server.dialOptions, transport: "quic" })
    const udp = createSocket("udp4")
    for (let i = 0; i < 200; i++) udp.send(patternBytes(i * 7, i), port, host)
    const garbage = Array.from({ length: 20 }, async (_, i) => {
      const socket = connect(port, host)
      socket.on("error", () => {})
      socket.write(patternBytes(1 + i * 300, i))
      await new Promise<void>((resolve) => socket.once("close", () => resolve()).resume())
    })
    await Promise.all(garbage)
    udp.close()
    await using after = await dial({ ...server.dialOptions, transport: "tls" })
    expect([await echoes(before), await echoes(after)]).toEqual([true, true])
  })

  it("does not wait for ever for a handshake", async () => {
    await using server = await echoServer({ handshakeTimeoutMs: 150 })
    const socket = connect(server.listener.address.port, server.listener.address.host)
    await new Promise<void>((resolve) => socket.once("close", () => resolve()).resume())
    expect(server.accepted).toEqual([])
  })

  it("does not wait for ever for the stream of a QUIC client", async () => {
    await using server = await echoServer({ handshakeTimeoutMs: 150 })
    const session = await rawQuic(server)
    const { reason } = await new Promise<{ reason: string }>((resolve) => session.on("close", resolve))
    expect(reason).toBe("no stream in time")
    await session.close()
  })
})

/** A QUIC client that shakes hands and does nothing more. */
async function rawQuic(server: EchoServer): Promise<QuicClientSession> {
  const { host, port } = server.listener.address
  const session = connectQuic(
    { address: host, port, servername: "localhost" },
    { alpn: ["qpc"], ca: server.certificate.certificatePem, runtimeMode: "portable" },
  )
  session.on("error", () => {})
  session.on("sessionTicket", () => {})
  await session.ready()
  return session
}

describe("a server that is killed in the middle of a transfer", () => {
  it.each(["quic", "tls"] as const)("is noticed over %s", async (transport) => {
    const program = fileURLToPath(new URL("testing/sending-server.ts", import.meta.url))
    const child = spawn(process.execPath, ["--conditions=@qpc/source", program], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    const port = Number(
      await new Promise<string>((resolve) => child.stdout.once("data", (line) => resolve(String(line)))),
    )
    const impatient = { keepAliveMs: 300, missedKeepAlives: 3 }
    const pin = { store: memoryKnownServers() }
    const connection = await dial({ host: "127.0.0.1", port, pin, transport, ...impatient })
    let receivedBytes = 0
    const reading = (async () => {
      for await (const chunk of connection.incoming) {
        receivedBytes += chunk.length
        if (receivedBytes > 1_000_000) child.kill("SIGKILL")
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: "TransportError", code: "closed", retryable: true })
    await expect(readAll(connection)).rejects.toThrow(TypeError)
    await connection.close()
  })
})

import { createServer } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { describe, expect, it } from "vitest"
import { makeCertificate, readCertificate } from "./certificate.ts"
import { dial, dialer } from "./dial.ts"
import type { DialOptions, WayMemory } from "./dial.ts"
import { memoryKnownServers } from "./known-servers.ts"
import type { KnownServer, KnownServers } from "./known-servers.ts"
import { formatServerAddress, parseServerAddress } from "./server-address.ts"
import { AUTHORITY_PEM, SIGNED_KEY_PEM, SIGNED_PEM } from "./testing/company-proxy.ts"
import { openRelay } from "./testing/relay.ts"
import { echoes, echoServer, loopbackCertificate } from "./testing/server.ts"

const DAY_MS = 86_400_000

/** A store that writes down what is saved. */
function recordingStore(): KnownServers & { readonly saved: [string, string, string][] } {
  const store = memoryKnownServers()
  const saved: [string, string, string][] = []
  return {
    saved,
    load: async (server) => await store.load(server),
    save: async (server, known, why) => {
      saved.push([server, known.fingerprint, why])
      await store.save(server, known, why)
    },
  }
}

const knownAs = (certificatePem: string): KnownServer => ({
  fingerprint: readCertificate(certificatePem).fingerprint,
  certificatePem,
})

describe("dialling a server for the first time", () => {
  it("learns its key, reports it once, and continues over QUIC", async () => {
    await using server = await echoServer()
    const store = recordingStore()
    const connect = dialer({ ...server.listener.address, pin: { store } })
    await using first = await connect()
    await using second = await connect()
    expect([first.kind, second.kind]).toEqual(["quic", "quic"])
    expect(await echoes(second)).toBe(true)
    const { fingerprint } = readCertificate(server.certificate.certificatePem)
    expect(store.saved).toEqual([[`127.0.0.1:${server.listener.address.port}`, fingerprint, "first_contact"]])
  })

  it("accepts the key that the address names, and remembers it as confirmed", async () => {
    await using server = await echoServer()
    const store = recordingStore()
    const { fingerprint } = readCertificate(server.certificate.certificatePem)
    const address = parseServerAddress(formatServerAddress({ ...server.listener.address, fingerprint }))
    await using connection = await dial({ ...address, pin: { store } })
    expect(await echoes(connection)).toBe(true)
    expect(store.saved.map(([, , why]) => why)).toEqual(["confirmed"])
  })

  it("does not trust another key than the one in the address", async () => {
    await using server = await echoServer()
    const store = recordingStore()
    const { fingerprint } = readCertificate(loopbackCertificate().certificatePem)
    const refused = dial({ ...server.listener.address, fingerprint, pin: { store } })
    await expect(refused).rejects.toMatchObject({ code: "peer_changed", retryable: false })
    expect(store.saved).toEqual([])
  })

  it("is not done without a fingerprint or a store", () => {
    expect(() => dialer({ host: "localhost", port: 7000, pin: {} })).toThrow(TypeError)
  })
})

describe("dialling a known server", () => {
  it.each(["auto", "quic", "tls"] as const)("refuses a changed key over %s, naming both", async (transport) => {
    await using server = await echoServer()
    const store = memoryKnownServers()
    const known = knownAs(loopbackCertificate().certificatePem)
    const found = readCertificate(server.certificate.certificatePem).fingerprint
    await store.save(`127.0.0.1:${server.listener.address.port}`, known, "first_contact")
    const error = await dial({ ...server.listener.address, pin: { store }, transport }).catch((e: unknown) => e)
    expect(error).toMatchObject({ name: "TransportError", code: "peer_changed", retryable: false })
    expect((error as Error).message).toContain(found)
    expect((error as Error).message).toContain(known.fingerprint)
    expect((error as Error).message).toMatch(/Ask the operator/)
    expect(await store.load(`127.0.0.1:${server.listener.address.port}`)).toEqual(known)
  })

  it.each(["auto", "quic"] as const)("accepts a certificate renewed with the same key over %s", async (transport) => {
    const old = loopbackCertificate()
    await using server = await echoServer({ certificate: loopbackCertificate(old.privateKeyPem) })
    const store = recordingStore()
    const name = `127.0.0.1:${server.listener.address.port}`
    await store.save(name, knownAs(old.certificatePem), "first_contact")
    await using connection = await dial({ ...server.listener.address, pin: { store }, transport })
    expect(connection.kind).toBe("quic")
    expect(await echoes(connection)).toBe(true)
    expect(store.saved.map(([, , why]) => why)).toEqual(["first_contact", "renewed"])
    expect((await store.load(name))?.certificatePem.trim()).toBe(server.certificate.certificatePem.trim())
  })

  it.each(["auto", "tls"] as const)("takes the pinned key over %s, whatever the dates beside it", async (transport) => {
    const made = { names: ["localhost"], days: 10, now: new Date("2024-01-01T00:00:00Z") }
    await using server = await echoServer({ certificate: makeCertificate(made) })
    await using connection = await dial({ ...server.dialOptions, transport })
    expect(connection.kind).toBe("tls")
    expect(await echoes(connection)).toBe(true)
  })

  it("does not use QUIC with an expired certificate, and says why to whoever wants nothing else", async () => {
    const made = { names: ["localhost"], days: 10, now: new Date("2024-01-01T00:00:00Z") }
    await using server = await echoServer({ certificate: makeCertificate(made) })
    const options: DialOptions = { ...server.dialOptions, transport: "quic" }
    await expect(dial(options)).rejects.toMatchObject({ code: "certificate_expired", retryable: false })
    await expect(dial(options)).rejects.toThrow(/expired on 2024-01-11 \(today is .* should renew the certificate/)
  })

  it("reaches a server whose certificate an authority signed over TLS, pinned all the same", async () => {
    await using server = await echoServer({
      certificate: { certificatePem: SIGNED_PEM, privateKeyPem: SIGNED_KEY_PEM },
    })
    await using connection = await dial(server.dialOptions)
    await using again = await dial(server.dialOptions)
    expect([connection.kind, again.kind]).toEqual(["tls", "tls"])
    const otherKey = { ...server.dialOptions, pin: { fingerprint: readCertificate(AUTHORITY_PEM).fingerprint } }
    await expect(dial(otherKey)).rejects.toMatchObject({ code: "peer_changed" })
  })

  it("goes on over TLS with a certificate that expired since it was learned", async () => {
    const certificate = makeCertificate({ names: [], days: 10, now: new Date("2024-01-01T00:00:00Z") })
    await using server = await echoServer({ certificate })
    await server.dialOptions.pin.store!.save(
      `127.0.0.1:${server.listener.address.port}`,
      knownAs(certificate.certificatePem),
      "first_contact",
    )
    await using connection = await dial(server.dialOptions)
    expect(connection.kind).toBe("tls")
  })

  it.each([
    ["ten minutes", 600_000],
    ["two days", 2 * DAY_MS],
    ["ten years", 3653 * DAY_MS],
  ])("reaches a server by a clock that is %s ahead or behind, at first contact and later", async (_title, offMs) => {
    for (const aheadMs of [offMs, -offMs]) {
      await using server = await echoServer()
      const store = recordingStore()
      const options = { ...server.listener.address, pin: { store }, nowMs: () => Date.now() + aheadMs }
      await using first = await dial(options)
      await using again = await dial(options)
      expect([await echoes(first), await echoes(again)]).toEqual([true, true])
    }
  })

  it("refuses another key by a wrong clock as by a right one", async () => {
    await using server = await echoServer()
    const { fingerprint } = readCertificate(loopbackCertificate().certificatePem)
    const pin = { fingerprint }
    for (const aheadMs of [3653 * DAY_MS, -3653 * DAY_MS]) {
      const options = { ...server.dialOptions, pin, nowMs: () => Date.now() + aheadMs }
      await expect(dial(options)).rejects.toMatchObject({ code: "peer_changed" })
    }
  })

  it("points at the clock where QUIC is wanted alone and the certificate is not valid yet", async () => {
    await using server = await echoServer()
    const options: DialOptions = { ...server.dialOptions, transport: "quic" }
    const yesteryear = dial({ ...options, nowMs: () => Date.parse("2020-01-01T00:00:00Z") })
    await expect(yesteryear).rejects.toThrow(/is not valid before .* set this machine's clock/)
  })
})

describe("dialling where UDP does not pass", () => {
  it("falls back to TLS, and goes there directly the next time", async () => {
    await using server = await echoServer()
    await using relay = await openRelay({ serverPort: server.listener.address.port, passesUdp: false })
    const memory: WayMemory = {}
    const options: DialOptions = { ...server.dialOptions, port: relay.port, memory, headStartMs: 300 }
    const store = options.pin.store!
    await store.save(`127.0.0.1:${relay.port}`, knownAs(server.certificate.certificatePem), "first_contact")
    const startedMs = performance.now()
    await using slow = await dial(options)
    const slowMs = performance.now() - startedMs
    await using fast = await dial(options)
    expect([slow.kind, fast.kind, memory.way]).toEqual(["tls", "tls", "tls"])
    expect(await echoes(fast)).toBe(true)
    expect(slowMs).toBeGreaterThanOrEqual(290)
    expect(performance.now() - startedMs - slowMs).toBeLessThan(250)
  })

  it("tries QUIC again after a while", async () => {
    await using server = await echoServer()
    const memory: WayMemory = { way: "tls", atMs: Date.now() - 600_001 }
    await using connection = await dial({ ...server.dialOptions, memory })
    expect([connection.kind, memory.way]).toEqual(["quic", "quic"])
  })

  it("falls back at first contact too", async () => {
    await using server = await echoServer({ quic: false })
    await using connection = await dial({ ...server.dialOptions, headStartMs: 300 })
    expect(connection.kind).toBe("tls")
    expect(await echoes(connection)).toBe(true)
  })

  it("fails over QUIC alone, and says what to check", async () => {
    await using server = await echoServer({ quic: false })
    const failing = dial({ ...server.dialOptions, headStartMs: 150, transport: "quic" })
    await expect(failing).rejects.toMatchObject({ code: "unreachable", retryable: true })
    await expect(failing).rejects.toThrow(/UDP and TCP port \d+ pass the firewalls/)
  })
})

describe("dialling nobody", () => {
  it("says that nobody answers, and what to check", async () => {
    const server = await echoServer()
    await server[Symbol.asyncDispose]()
    const failing = dial({ ...server.dialOptions, headStartMs: 200 })
    await expect(failing).rejects.toMatchObject({ name: "TransportError", code: "unreachable", retryable: true })
  })

  it("says that a name does not exist", async () => {
    const { fingerprint } = readCertificate(loopbackCertificate().certificatePem)
    const failing = dial({ host: "no-such-host.invalid", port: 7000, fingerprint, pin: {} })
    await expect(failing).rejects.toMatchObject({ code: "unreachable" })
    await expect(failing).rejects.toThrow(/no-such-host\.invalid/)
  })

  it("says that another protocol answers", async () => {
    const other = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"))
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as { port: number }
    const { fingerprint } = readCertificate(loopbackCertificate().certificatePem)
    const failing = dial({ host: "127.0.0.1", port, fingerprint, pin: {} })
    await expect(failing).rejects.toMatchObject({ code: "protocol", retryable: false })
    other.close()
  })

  it("says that a server with the right key speaks another protocol over TLS", async () => {
    const { certificatePem, privateKeyPem } = loopbackCertificate()
    const other = createTlsServer({ cert: certificatePem, key: privateKeyPem })
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as { port: number }
    const { fingerprint } = readCertificate(certificatePem)
    const failing = dial({ host: "127.0.0.1", port, fingerprint, pin: {} })
    await expect(failing).rejects.toMatchObject({ code: "protocol", retryable: false })
    other.close()
  })

  it("ends in time at a server that says nothing", async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const { port } = silent.address() as { port: number }
    const { fingerprint } = readCertificate(loopbackCertificate().certificatePem)
    const failing = dial({ host: "127.0.0.1", port, fingerprint, pin: {}, timeoutMs: 200 })
    await expect(failing).rejects.toMatchObject({ code: "unreachable" })
    await expect(failing).rejects.toThrow(/200 ms were not enough/)
    silent.close()
  })

  it.each(["auto", "quic", "tls"] as const)("can be aborted under way over %s", async (transport) => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const { port } = silent.address() as { port: number }
    const certificate = loopbackCertificate()
    const store = memoryKnownServers()
    await store.save(`127.0.0.1:${port}`, knownAs(certificate.certificatePem), "first_contact")
    const controller = new AbortController()
    const dialling = dial({ host: "127.0.0.1", port, pin: { store }, transport, signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    await expect(dialling).rejects.toMatchObject({ name: "TransportError", code: "aborted", retryable: false })
    silent.close()
  })
})

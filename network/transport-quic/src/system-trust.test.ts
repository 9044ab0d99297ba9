import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connectQuic, createQuicServer } from "@currentspace/http3"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readCertificate } from "./certificate.ts"
import { QPC_PROTOCOL } from "./protocol.ts"
import { dialQuic } from "./quic-dial.ts"
import { hideSystemTrust } from "./system-trust.ts"
import { AUTHORITY_PEM, SIGNED_KEY_PEM, SIGNED_PEM } from "./testing/company-proxy.ts"
import { loopbackCertificate } from "./testing/server.ts"

/** A QUIC server with a certificate of the proxy. */
async function impostor(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createQuicServer({ key: SIGNED_KEY_PEM, cert: SIGNED_PEM, alpn: ["qpc"], runtimeMode: "portable" })
  server.on("session", (session) => session.on("error", () => {}))
  const { port } = await server.listen(0, "127.0.0.1")
  return { port, [Symbol.asyncDispose]: async () => await server.close() }
}

describe("a pin over QUIC", () => {
  const folder = mkdtempSync(join(tmpdir(), "qpc-trust-"))
  const before = process.env["SSL_CERT_FILE"]
  beforeAll(() => {
    writeFileSync(join(folder, "ca.pem"), AUTHORITY_PEM)
    process.env["SSL_CERT_FILE"] = join(folder, "ca.pem")
  })
  afterAll(() => {
    if (before === undefined) delete process.env["SSL_CERT_FILE"]
    else process.env["SSL_CERT_FILE"] = before
    rmSync(folder, { recursive: true })
  })

  it("is not satisfied by an authority that this machine trusts", async () => {
    await using server = await impostor()
    const { certificatePem } = loopbackCertificate()
    const dialling = dialQuic({
      server: { host: "127.0.0.1", port: server.port, fingerprint: readCertificate(certificatePem).fingerprint },
      servername: undefined,
      certificatePem,
      limits: {},
      protocol: QPC_PROTOCOL,
      timeoutMs: 2_000,
      signal: AbortSignal.timeout(5_000),
    })
    // 0x130: CRYPTO_ERROR (RFC 9000 §20.1) with the TLS alert unknown_ca.
    await expect(dialling).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining("304") })
    expect(process.env["SSL_CERT_FILE"]).toBe(join(folder, "ca.pem"))
  })

  it("would be, if the library were left to itself", async () => {
    await using server = await impostor()
    const session = connectQuic(
      { address: "127.0.0.1", port: server.port, servername: "localhost" },
      { alpn: ["qpc"], ca: loopbackCertificate().certificatePem, runtimeMode: "portable", connectTimeoutMs: 2_000 },
    )
    session.on("error", () => {})
    session.on("sessionTicket", () => {})
    await session.ready()
    await session.close()
  })
})

describe("hiding the system's authorities", () => {
  it("restores the variables when the last of several dials has its client", () => {
    const before = { ...process.env }
    const restoreFirst = hideSystemTrust()
    const restoreSecond = hideSystemTrust()
    restoreFirst()
    restoreFirst()
    expect(process.env["SSL_CERT_FILE"]).toBe("/dev/null")
    restoreSecond()
    expect(process.env).toEqual(before)
  })
})

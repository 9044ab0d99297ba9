import { X509Certificate } from "node:crypto"
import { describe, expect, it } from "vitest"
import { AUTHORITY_PEM, SIGNED_FINGERPRINT, SIGNED_PEM } from "./testing/company-proxy.ts"
import { certificateMatchesKey, certificateWarning, makeCertificate, readCertificate } from "./certificate.ts"

const now = new Date("2030-06-15T12:00:00Z")
const request = { names: ["chat.example.org", "10.1.2.3", "2001:db8::7", "::ffff:1.2.3.4", "::"], days: 100, now }

describe("a certificate we make", () => {
  const made = makeCertificate(request)
  const info = readCertificate(made.certificatePem)

  it("is valid from a day before now, for clients whose clock is slow, to so many days after", () => {
    expect(info.notBefore.toISOString()).toBe("2030-06-14T12:00:00.000Z")
    expect(info.notAfter.toISOString()).toBe("2030-09-23T12:00:00.000Z")
  })

  it("names the server in every way it was asked to, and with a name that no authority can certify", () => {
    expect(info.names).toEqual([
      "server.qpc.invalid",
      "chat.example.org",
      "10.1.2.3",
      "2001:DB8:0:0:0:0:0:7",
      "0:0:0:0:0:FFFF:102:304",
      "0:0:0:0:0:0:0:0",
    ])
  })

  it("is signed with its own key, which is on P-256, and is no authority", () => {
    const x509 = new X509Certificate(made.certificatePem)
    expect(info.isSelfSigned).toBe(true)
    expect(x509.ca).toBe(false)
    expect(x509.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" })
  })

  it("keeps its fingerprint when it is renewed with the same key, and gets another with another key", () => {
    const renewed = makeCertificate({ ...request, privateKeyPem: made.privateKeyPem })
    expect(renewed.certificatePem).not.toBe(made.certificatePem)
    expect(readCertificate(renewed.certificatePem).fingerprint).toBe(info.fingerprint)
    expect(readCertificate(makeCertificate(request).certificatePem).fingerprint).not.toBe(info.fingerprint)
  })

  it("writes years from 2050 on with four digits", () => {
    const late = makeCertificate({ ...request, days: 36_500 })
    expect(readCertificate(late.certificatePem).notAfter.getUTCFullYear()).toBe(2130)
  })

  it("can carry many names", () => {
    const names = Array.from({ length: 300 }, (_, i) => `host-${i}.example.org`)
    expect(readCertificate(makeCertificate({ ...request, names }).certificatePem).names).toHaveLength(301)
  })

  it.each([
    { change: { days: 0 }, error: RangeError },
    { change: { days: Number.NaN }, error: RangeError },
    { change: { names: ["two words"] }, error: TypeError },
    { change: { names: [""] }, error: TypeError },
    { change: { privateKeyPem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }, error: TypeError },
  ])("is not made with $change", ({ change, error }) => {
    expect(() => makeCertificate({ ...request, ...change })).toThrow(error)
  })
})

describe("a certificate that others made", () => {
  it("has the fingerprint that OpenSSL computes", () => {
    expect(readCertificate(SIGNED_PEM).fingerprint).toBe(SIGNED_FINGERPRINT)
  })

  it("is told apart from one that is signed with its own key", () => {
    expect(readCertificate(SIGNED_PEM).isSelfSigned).toBe(false)
    expect(readCertificate(AUTHORITY_PEM).isSelfSigned).toBe(true)
  })
})

describe("a certificate and a key", () => {
  it("belong together or not", () => {
    const [one, other] = [makeCertificate(request), makeCertificate(request)]
    expect(certificateMatchesKey(one)).toBe(true)
    expect(certificateMatchesKey({ ...one, privateKeyPem: other.privateKeyPem })).toBe(false)
  })

  it("do not repeat an unreadable key in the error", () => {
    const secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"
    const unreadable = { ...makeCertificate(request), privateKeyPem: secret }
    expect(() => certificateMatchesKey(unreadable)).toThrow(/^not a private key in PEM form/)
  })

  it("are told apart from other files", () => {
    expect(() => readCertificate("# a config file")).toThrow(/^not a certificate in PEM form/)
  })
})

describe("the warning about a certificate", () => {
  const info = readCertificate(makeCertificate(request).certificatePem)

  it("is silent while there is time", () => {
    expect(certificateWarning(info, new Date("2030-08-24T11:00:00Z"))).toBeUndefined()
  })

  it("says how many days are left and that the key stays", () => {
    const warning = certificateWarning(info, new Date("2030-08-24T13:00:00Z"))
    expect(warning).toMatch(/expires on 2030-09-23, in 29 days: renew it with the same key/)
  })

  it("says what an expired one costs", () => {
    expect(certificateWarning(info, new Date("2030-09-24T00:00:00Z"))).toMatch(
      /expired on 2030-09-23; clients come over TLS only/,
    )
  })
})

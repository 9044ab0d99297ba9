import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatServerAddress, parseServerAddress, toFingerprint } from "./server-address.ts"

const FINGERPRINT = "sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

describe("server address", () => {
  it("names a host and a port", () => {
    expect(parseServerAddress("qpc://Chat.Example.org:7000")).toEqual({ host: "chat.example.org", port: 7000 })
  })

  it("names the server's key after a #", () => {
    const address = parseServerAddress(`qpc://localhost:7000#${FINGERPRINT}`)
    expect(address).toEqual({ host: "localhost", port: 7000, fingerprint: FINGERPRINT })
  })

  it("puts brackets around an IPv6 address only when it is written", () => {
    expect(parseServerAddress("qpc://[::1]:7000")).toEqual({ host: "::1", port: 7000 })
    expect(formatServerAddress({ host: "::1", port: 7000 })).toBe("qpc://[::1]:7000")
  })

  it("ignores the spaces of a paste", () => {
    expect(parseServerAddress("  qpc://10.0.0.1:1\n")).toEqual({ host: "10.0.0.1", port: 1 })
  })

  it.each([
    { text: "chat.example.org:7000", says: "is not a server address" },
    { text: "https://chat.example.org:7000", says: "is not a server address" },
    { text: "qpc://user@chat.example.org:7000", says: "is not a server address" },
    { text: "qpc://chat.example.org:7000/path", says: "is not a server address" },
    { text: "qpc://chat.example.org", says: "needs a port" },
    { text: "qpc://chat.example.org:0", says: "needs a port" },
    { text: "qpc://chat.example.org:65536", says: "needs a port" },
    { text: "qpc://:7000", says: "is not a host name" },
    { text: "qpc://-x:7000", says: "is not a host name" },
    { text: "qpc://[127.0.0.1]:7000", says: "is not a host name" },
    { text: "qpc://[fe80::1%eth0]:7000", says: "is not a host name" },
    { text: "qpc://a:7000#", says: "is not a fingerprint" },
    { text: "qpc://a:7000#sha256-abc", says: "is not a fingerprint" },
    { text: `qpc://a:7000#${FINGERPRINT}=`, says: "is not a fingerprint" },
  ])("refuses $text: $says", ({ text, says }) => {
    expect(() => parseServerAddress(text)).toThrow(TypeError)
    expect(() => parseServerAddress(text)).toThrow(says)
  })

  it("reads back what it wrote", () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
    const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), fc.option(hashes), (host, port, hash) => {
        const fingerprint = hash === null ? {} : { fingerprint: toFingerprint(`sha256-${base64url(hash)}`) }
        const address = { host: host.toLowerCase(), port, ...fingerprint }
        expect(parseServerAddress(formatServerAddress(address))).toEqual(address)
      }),
    )
  })
})

describe("fingerprint", () => {
  it("has one way to be written", () => {
    // The last character of 43 carries four bits: U and V would be the same hash.
    expect(() => toFingerprint(FINGERPRINT.replace(/U$/, "V"))).toThrow(TypeError)
  })
})

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url")

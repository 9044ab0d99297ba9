import { versions } from "node:process"
import { describe, expect, it } from "vitest"
import { checkCipherSuite } from "../conformance/check-cipher-suite.ts"
import { type Libraries, newSuite, newXWingSuite, suite0001, suite0007, suites } from "./index.ts"

describe.each([...suites.values()])("$name on Node", (suite) => checkCipherSuite(suite, it))
describe.each([1, 2, 3].map((id) => newSuite(id, { libraries: "node:crypto" })))(
  "$name on node:crypto alone",
  (suite) => checkCipherSuite(suite, it),
)

describe("cipher suites on Node", () => {
  it("are all seven of RFC 9420 §17.1 under their names", () => {
    expect([...suites].map(([id, { name }]) => [id, name])).toEqual([
      [1, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"],
      [2, "MLS_128_DHKEMP256_AES128GCM_SHA256_P256"],
      [3, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"],
      [4, "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448"],
      [5, "MLS_256_DHKEMP521_AES256GCM_SHA512_P521"],
      [6, "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448"],
      [7, "MLS_256_DHKEMP384_AES256GCM_SHA384_P384"],
    ])
    expect([suites.get(1), suites.get(7)]).toEqual([suite0001, suite0007])
  })

  it.each([
    // Nh, Nk, Npk, Nsk, least seed, and the lengths of signature keys and their seeds (RFC 9180 §7, RFC 9420 §17.1).
    [1, [32, 16, 32, 32, 32, 32, 32, 32]],
    [2, [32, 16, 65, 32, 32, 65, 32, 40]],
    [3, [32, 32, 32, 32, 32, 32, 32, 32]],
    [4, [64, 32, 56, 56, 56, 57, 57, 57]],
    [5, [64, 32, 133, 66, 64, 133, 66, 74]],
    [6, [64, 32, 56, 56, 56, 57, 57, 57]],
    [7, [48, 32, 97, 48, 48, 97, 48, 56]],
  ])("have the sizes of their parts: %i", (id, expected) => {
    const { sizes } = newSuite(id)
    expect([sizes.aeadNonceBytes, sizes.aeadTagBytes]).toEqual([12, 16])
    expect(sizes.kemOutputBytes).toBe(sizes.kemPublicKeyBytes)
    expect([
      sizes.hashBytes,
      sizes.aeadKeyBytes,
      sizes.kemPublicKeyBytes,
      sizes.kemPrivateKeyBytes,
      sizes.kemSeedBytes,
      sizes.signaturePublicKeyBytes,
      sizes.signaturePrivateKeyBytes,
      sizes.signatureSeedBytes,
    ]).toEqual(expected)
  })

  it.each([0, 8, 0xf002, -1, 1.5, Number.NaN])("are not made for the code point %s", (id) => {
    expect(() => newSuite(id)).toThrow(RangeError)
  })

  it("say whose code computes", () => {
    expect(newSuite(1).primitives()).toBe(`sodium-native 5.1.0, OpenSSL ${versions.openssl}`)
    expect(newSuite(1, { libraries: "node:crypto" }).primitives()).toBe(`OpenSSL ${versions.openssl}`)
  })

  it("are not made with libraries that there are not", () => {
    expect(() => newSuite(1, { libraries: "sodium" as Libraries })).toThrow(RangeError)
  })

  it("say which of their results do not replay: ECDSA signatures, and what is sealed with the native ML-KEM", () => {
    const drawing = [...suites.values()]
      .filter((suite) => suite.drawsRandomness?.has("sign") === true)
      .map(({ id }) => id)
    expect(drawing).toEqual([2, 5, 7])
    expect(newXWingSuite().drawsRandomness).toEqual(new Set(["seal"]))
    expect(newXWingSuite({ encapsulation: "seeded" }).drawsRandomness).toEqual(new Set())
  })
})

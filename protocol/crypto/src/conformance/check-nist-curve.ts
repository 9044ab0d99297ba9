import { p256, p384, p521 } from "@noble/curves/nist.js"
import { concatBytes, fromHex, toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { decodeDerSignature, encodeDerSignature } from "../der-signature.ts"
import { NIST_CURVES, type NistCurveName } from "../nist-curves.ts"
import { ensure, ensureEqual, ensureRangeError, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

const LIBRARY = { "P-256": p256, "P-384": p384, "P-521": p521 } as const

/**
 * Keys and signatures over NIST curves, whose libraries forgive much: one point and one signature have one encoding.
 */
export function checkNistCurve(name: NistCurveName, suite: CipherSuite, it: Register): void {
  checkPoints(name, suite, it)
  checkScalars(name, suite, it)
  checkSignatureEncodings(name, suite, it)
}

function checkPoints(name: NistCurveName, suite: CipherSuite, it: Register): void {
  const empty = new Uint8Array(0)
  const { publicKey, privateKey } = suite.kemKeyPair(testBytes(1, suite.sizes.kemSeedBytes))
  const seed = testBytes(2, suite.sizes.kemSeedBytes)
  const signer = suite.signatureKeyPair(testBytes(3, suite.sizes.signatureSeedBytes))
  const signature = suite.sign(signer.privateKey, empty)

  it("refuses points off the curve, compressed, hybrid or unreduced, as KEM keys and as signature keys", () => {
    const keys = [...foreignForms(name, publicKey), ...foreignForms(name, signer.publicKey)]
    for (const key of keys) {
      ensure(!suite.kemPublicKeyIsValid(key), `valid: ${toHex(key)}`)
      ensure(suite.hpkeSeal(key, empty, empty, empty, seed) === undefined, `sealed to: ${toHex(key)}`)
      ensure(suite.hpkeSendExport(key, empty, empty, 32, seed) === undefined, `exported to: ${toHex(key)}`)
      const sealed = { kemOutput: key, ciphertext: testBytes(4, 16) }
      ensureEqual(suite.hpkeOpen(privateKey, empty, empty, sealed), undefined, "opened")
      ensure(!suite.verify(key, empty, signature), `verified with: ${toHex(key)}`)
    }
  })
}

/** What some library would read as `publicKey`, and points that are none. */
function foreignForms(name: NistCurveName, publicKey: Uint8Array): Uint8Array[] {
  const { fieldBytes, publicKeyBytes } = NIST_CURVES[name]
  const [x, y] = [publicKey.slice(1, 1 + fieldBytes), publicKey.slice(1 + fieldBytes)]
  const isOdd = (y[fieldBytes - 1]! & 1) === 1
  const offCurve = publicKey.slice()
  offCurve[publicKeyBytes - 1]! ^= 1
  return [
    offCurve,
    concatBytes(Uint8Array.of(isOdd ? 3 : 2), x),
    concatBytes(Uint8Array.of(isOdd ? 7 : 6), x, y),
    concatBytes(Uint8Array.of(4), y, x),
    new Uint8Array(1),
    new Uint8Array(publicKeyBytes),
    concatBytes(Uint8Array.of(4), new Uint8Array(2 * fieldBytes)),
    unreducedPoint(name),
  ]
}

/** A point of the curve with p added to its x, which still fits. */
function unreducedPoint(name: NistCurveName): Uint8Array {
  const { fieldBytes } = NIST_CURVES[name]
  const { Point } = LIBRARY[name]
  for (let x = 1n; ; x++) {
    const compressed = fromHex(`02${hexOf(x, fieldBytes)}`)
    try {
      const y = Point.fromBytes(compressed).toAffine().y
      return fromHex(`04${hexOf(x + Point.Fp.ORDER, fieldBytes)}${hexOf(y, fieldBytes)}`)
    } catch {
      // No point has this x, as with every other; noble throws plain errors.
    }
  }
}

function checkScalars(name: NistCurveName, suite: CipherSuite, it: Register): void {
  const { fieldBytes, order } = NIST_CURVES[name]
  const n = BigInt(`0x${toHex(order)}`)
  const empty = new Uint8Array(0)

  it("takes scalars from 1 to n − 1 as private keys, and no others", () => {
    for (const scalar of [1n, 2n, n - 2n, n - 1n]) {
      const key = fromHex(hexOf(scalar, fieldBytes))
      ensure(suite.kemPublicKey(key) !== undefined && suite.signaturePublicKey(key) !== undefined, `${scalar}`)
    }
    for (const scalar of [0n, n, n + 1n, (1n << BigInt(8 * fieldBytes)) - 1n]) {
      const key = fromHex(hexOf(scalar, fieldBytes))
      ensureEqual(suite.kemPublicKey(key), undefined, `${scalar}`)
      ensureEqual(suite.signaturePublicKey(key), undefined, `${scalar}`)
      ensureRangeError("sign", () => suite.sign(key, empty))
      ensureRangeError("export", () => suite.hpkeReceiveExport(key, publicKeyOf(suite), empty, empty, 32))
    }
  })

  it("derives signature keys by reduction of extra random bits (FIPS 186-5 §A.2.1)", () => {
    const seedBytes = suite.sizes.signatureSeedBytes
    const largest = fromHex(hexOf(n - 1n, seedBytes))
    ensureEqual(suite.signatureKeyPair(new Uint8Array(seedBytes)).privateKey, fromHex(hexOf(1n, fieldBytes)), "zero")
    ensureEqual(suite.signatureKeyPair(largest).privateKey, fromHex(hexOf(1n, fieldBytes)), "n − 1")
    const below = fromHex(hexOf(n - 2n, seedBytes))
    ensureEqual(suite.signatureKeyPair(below).privateKey, fromHex(hexOf(n - 1n, fieldBytes)), "n − 2")
  })
}

function checkSignatureEncodings(name: NistCurveName, suite: CipherSuite, it: Register): void {
  const { fieldBytes, order } = NIST_CURVES[name]
  const n = BigInt(`0x${toHex(order)}`)
  const { publicKey, privateKey } = suite.signatureKeyPair(testBytes(5, suite.sizes.signatureSeedBytes))
  const message = testBytes(6, 30)
  const signature = suite.sign(privateKey, message)
  const raw = decodeDerSignature(signature, fieldBytes)!
  const [r, s] = [raw.subarray(0, fieldBytes), raw.subarray(fieldBytes)].map((half) => BigInt(`0x${toHex(half)}`))
  const encoded = (...halves: readonly bigint[]): Uint8Array =>
    encodeDerSignature(fromHex(halves.map((half) => hexOf(half, fieldBytes)).join("")))

  it("refuses signatures with a half of zero or beyond the order", () => {
    const wrong = [encoded(0n, s!), encoded(r!, 0n), encoded(0n, 0n), encoded(r!, n), encoded(n, s!)]
    for (const der of wrong) ensure(!suite.verify(publicKey, message, der), toHex(der))
    if (s! + n < 1n << BigInt(8 * fieldBytes)) ensure(!suite.verify(publicKey, message, encoded(r!, s! + n)), "s + n")
  })

  it("verifies (r, n − s) too, since signers elsewhere make both", () => {
    ensure(suite.verify(publicKey, message, encoded(r!, n - s!)), "the other half")
  })

  it("refuses every other encoding of a signature: raw, long lengths, extra zeros, trailing bytes", () => {
    const body = signature.subarray(signature[1] === 0x81 ? 3 : 2)
    const forms = [
      raw,
      concatBytes(Uint8Array.of(0x30, 0x82, 0, body.length), body),
      concatBytes(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)),
      concatBytes(signature, Uint8Array.of(0)),
      concatBytes(Uint8Array.of(0x31), signature.subarray(1)),
      withExtraZero(signature, body),
    ]
    if (body.length < 0x80) forms.push(concatBytes(Uint8Array.of(0x30, 0x81, body.length), body))
    for (const form of forms) ensure(!suite.verify(publicKey, message, form), toHex(form))
  })
}

/** The same integers, r with one zero more in front. */
function withExtraZero(signature: Uint8Array, body: Uint8Array): Uint8Array {
  const lengthBytes = body.length + 1
  const header = signature[1] === 0x81 || lengthBytes >= 0x80 ? [0x30, 0x81, lengthBytes] : [0x30, lengthBytes]
  return concatBytes(Uint8Array.of(...header, 0x02, body[1]! + 1, 0), body.subarray(2))
}

function publicKeyOf(suite: CipherSuite): Uint8Array {
  return suite.kemKeyPair(testBytes(1, suite.sizes.kemSeedBytes)).publicKey
}

function hexOf(value: bigint, lengthBytes: number): string {
  return value.toString(16).padStart(2 * lengthBytes, "0")
}

import { ed448 } from "@noble/curves/ed448.js"
import { shake256 } from "@noble/hashes/sha3.js"
import { concatBytes, fromHex, toHex, toUtf8 } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ED448_BYTES, X448_BYTES } from "../curve448.ts"
import { fromLittleEndian, toLittleEndian } from "./edwards25519.ts"
import { ensure, ensureEqual, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

type Point = typeof ed448.Point.BASE

const { BASE, ZERO, Fn } = ed448.Point
const ORDER = Fn.ORDER
const PRIME = 2n ** 448n - 2n ** 224n - 1n
/** The point (1, 0) of order four; its multiples are all the points of small order. */
const TORSION = ed448.Point.fromAffine({ x: 1n, y: 0n })
const SMALL_ORDER: readonly Point[] = [ZERO, TORSION, TORSION.double(), TORSION.negate()]

/** dom4(0, "") of RFC 8032 §2. */
const DOMAIN = concatBytes(toUtf8("SigEd448"), Uint8Array.of(0, 0))

/** DHKEM over X448: which public keys it takes. */
export function checkX448(suite: CipherSuite, it: Register): void {
  const empty = new Uint8Array(0)
  const seed = testBytes(2, suite.sizes.kemSeedBytes)
  const { privateKey } = suite.kemKeyPair(testBytes(3, suite.sizes.kemSeedBytes))

  it("refuses X448 keys that force the secret, as recipients and as encapsulations (RFC 9180 §7.1.4)", () => {
    for (const u of [0n, 1n, PRIME - 1n, PRIME, PRIME + 1n]) {
      const key = toLittleEndian(u, X448_BYTES)
      ensure(!suite.kemPublicKeyIsValid(key), `valid: ${toHex(key)}`)
      ensure(suite.hpkeSeal(key, empty, empty, empty, seed) === undefined, `sealed to: ${toHex(key)}`)
      const sealed = { kemOutput: key, ciphertext: testBytes(4, 16) }
      ensureEqual(suite.hpkeOpen(privateKey, empty, empty, sealed), undefined, "opened")
    }
  })

  it("takes any other 56 bytes as an X448 public key, reduced or not (RFC 7748 §5)", () => {
    for (const key of [toLittleEndian(PRIME + 2n, X448_BYTES), ...rounds(20).map((n) => testBytes(n, X448_BYTES))]) {
      ensure(suite.kemPublicKeyIsValid(key), toHex(key))
      ensure(suite.hpkeSeal(key, empty, empty, empty, seed) !== undefined, toHex(key))
    }
  })
}

/** Where libraries of Ed448 could disagree; all members of a group must accept the same signatures. */
export function checkEd448(suite: CipherSuite, it: Register): void {
  const scalar = fromLittleEndian(testBytes(1, 50))
  const honest = BASE.multiply(scalar)

  it("verifies signatures made by the book, and none whose S is not reduced", () => {
    const { publicKey, message, signature, s } = signatureBy({ scalar, publicPoint: honest, r: 77n, round: 0 })
    ensure(suite.verify(publicKey, message, signature), "the book")
    const unreduced = concatBytes(signature.subarray(0, ED448_BYTES), toLittleEndian(s + ORDER, ED448_BYTES))
    ensure(!suite.verify(publicKey, message, unreduced), "S + L")
  })

  it("refuses Ed448 public keys of small order and second encodings, under which anything verifies", () => {
    const zero = new Uint8Array(ED448_BYTES)
    const second = [PRIME, PRIME + 1n].flatMap((y) => [toLittleEndian(y, ED448_BYTES), withSign(y)])
    const stray = ZERO.toBytes().map((byte, i) => (i === ED448_BYTES - 1 ? 1 : byte))
    for (const key of [...SMALL_ORDER.map((point) => point.toBytes()), ...second, withSign(1n), stray]) {
      for (const r of SMALL_ORDER) {
        ensure(!suite.verify(key, testBytes(1, 4), concatBytes(r.toBytes(), zero)), toHex(key))
      }
    }
  })

  it("refuses an R of small order under an honest key", () => {
    const { publicKey, message, signature } = signatureBy({ scalar, publicPoint: honest, r: 0n, round: 0 })
    ensure(!suite.verify(publicKey, message, signature), "R is the neutral element")
  })

  it("ignores components of small order in R and in the key, as the equation with the cofactor does", () => {
    for (const round of rounds(8)) {
      const [publicPoint, torsion] = [honest.add(SMALL_ORDER[round % 4]!), SMALL_ORDER[(round >> 1) % 4]!]
      const { publicKey, message, signature } = signatureBy({ scalar, publicPoint, r: 99n, round, torsion })
      ensure(suite.verify(publicKey, message, signature), `round ${round}`)
    }
  })

  it("agrees with RFC 8032 §7.4 on a known answer", () => {
    const seed =
      "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2" +
      "877c5e3bc397a659949ef8021e954e0a12274e"
    const publicKey =
      "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb0074" +
      "2802b8438ea4cb82169c235160627b4c3a9480"
    const signature =
      "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b9" +
      "81b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcec" +
      "bf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00"
    ensureEqual(suite.signatureKeyPair(fromHex(seed)).publicKey, fromHex(publicKey), "public key")
    ensureEqual(suite.sign(fromHex(seed), Uint8Array.of(3)), fromHex(signature), "signature")
  })
}

interface Signing {
  readonly scalar: bigint
  readonly publicPoint: Point
  readonly r: bigint
  readonly round: number
  /** Added to R. */
  readonly torsion?: Point
}

/** Signs as a hostile signer can: with any nonce, and any points of small order added to R and to the key. */
function signatureBy({ scalar, publicPoint, r, round, torsion = ZERO }: Signing): {
  publicKey: Uint8Array
  message: Uint8Array
  signature: Uint8Array
  s: bigint
} {
  const message = testBytes(round, 20)
  const publicKey = publicPoint.toBytes()
  const encodedR = (r === 0n ? ZERO : BASE.multiply(r)).add(torsion).toBytes()
  const digest = shake256(concatBytes(DOMAIN, encodedR, publicKey, message), { dkLen: 2 * ED448_BYTES })
  const s = (r + (fromLittleEndian(digest) % ORDER) * scalar) % ORDER
  return { publicKey, message, signature: concatBytes(encodedR, toLittleEndian(s, ED448_BYTES)), s }
}

function withSign(y: bigint): Uint8Array {
  return toLittleEndian(y | (1n << 455n), ED448_BYTES)
}

function rounds(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

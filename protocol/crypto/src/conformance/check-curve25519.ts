import { sha512 } from "@noble/hashes/sha2.js"
import { concatBytes, fromHex, toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import {
  addPoints,
  decodePoint,
  EDWARDS25519_BASE,
  EDWARDS25519_ORDER,
  type EdwardsPoint,
  encodePoint,
  fromLittleEndian,
  multiplyPoint,
  toLittleEndian,
} from "./edwards25519.ts"
import { ensure, ensureEqual, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

/** u-coordinates that force an X25519 secret to zero (RFC 7748 §6.1), each also with its ignored top bit set. */
const SMALL_ORDER_U: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]

/** A point of order eight; its multiples are all the points of small order. */
const ORDER_EIGHT = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"

/** Second encodings of y = 0 and y = 1, which a strict decoder does not know. */
const NOT_CANONICAL: readonly string[] = [
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0100000000000000000000000000000000000000000000000000000000000080",
]

/**
 * Where libraries of one curve disagree. All members of a group must accept the same signatures, or a hostile member
 * splits it: RFC 8032 leaves the choice open between two equations, and this is the one without the cofactor.
 */
export function checkEd25519(suite: CipherSuite, it: Register): void {
  const torsion = decodePoint(fromHex(ORDER_EIGHT))!
  const scalar = fromLittleEndian(testBytes(1, 31))
  const honest = multiplyPoint(scalar, EDWARDS25519_BASE)

  it("verifies signatures made by the book, and none whose S is not reduced", () => {
    const { publicKey, message, signature, s } = signatureBy({ scalar, publicPoint: honest, r: 77n, round: 0 })
    ensure(suite.verify(publicKey, message, signature), "the book")
    const unreduced = concatBytes(signature.subarray(0, 32), toLittleEndian(s + EDWARDS25519_ORDER))
    ensure(!suite.verify(publicKey, message, unreduced), "S + L")
  })

  it("refuses Ed25519 public keys of small order and second encodings, under which anything verifies", () => {
    const zero = concatBytes(encodePoint(multiplyPoint(8n, torsion)), toLittleEndian(0n))
    const keys = [...pointsOfSmallOrder(torsion), ...NOT_CANONICAL.map(fromHex)]
    for (const [round, key] of keys.entries()) {
      for (const r of pointsOfSmallOrder(torsion)) {
        const signature = concatBytes(r, zero.subarray(32))
        ensure(!suite.verify(key, testBytes(round, 4), signature), `${toHex(key)} with R = ${toHex(r)}`)
      }
    }
  })

  it("refuses an R of small order under an honest key", () => {
    const { publicKey, message, signature } = signatureBy({ scalar, publicPoint: honest, r: 0n, round: 0 })
    ensure(!suite.verify(publicKey, message, signature), "R is the neutral element")
  })

  it("refuses an R with a component of small order", () => {
    for (let round = 0; round < 16; round++) {
      const { publicKey, message, signature } = signatureBy({ scalar, publicPoint: honest, r: 99n, round, torsion })
      ensure(!suite.verify(publicKey, message, signature), `round ${round}`)
    }
  })

  it("accepts a key with a component of small order only where it cancels", () => {
    const mixed = addPoints(honest, torsion)
    for (let round = 0; round < 32; round++) {
      const { publicKey, message, signature, h } = signatureBy({ scalar, publicPoint: mixed, r: 55n, round })
      ensure(suite.verify(publicKey, message, signature) === (h % 8n === 0n), `round ${round}, h = ${h % 8n} mod 8`)
    }
  })
}

/** DHKEM over X25519: which public keys it takes. */
export function checkX25519(suite: CipherSuite, it: Register): void {
  const empty = new Uint8Array(0)
  const seed = testBytes(2, suite.sizes.kemSeedBytes)
  const { privateKey } = suite.kemKeyPair(testBytes(3, suite.sizes.kemSeedBytes))

  it("refuses X25519 keys that force the secret, as recipients and as encapsulations (RFC 9180 §7.1.4)", () => {
    for (const key of SMALL_ORDER_U.map(fromHex).flatMap((u) => [u, withTopBit(u)])) {
      ensure(!suite.kemPublicKeyIsValid(key), `valid: ${toHex(key)}`)
      ensure(suite.hpkeSeal(key, empty, empty, empty, seed) === undefined, `sealed to: ${toHex(key)}`)
      ensure(suite.hpkeSendExport(key, empty, empty, 32, seed) === undefined, `exported to: ${toHex(key)}`)
      const sealed = { kemOutput: key, ciphertext: testBytes(4, 16) }
      ensureEqual(suite.hpkeOpen(privateKey, empty, empty, sealed), undefined, "opened")
      ensureEqual(suite.hpkeReceiveExport(privateKey, key, empty, empty, 32), undefined, "received")
    }
  })

  it("takes any other 32 bytes as an X25519 public key (RFC 7748 §5)", () => {
    for (let round = 0; round < 50; round++) {
      const key = testBytes(100 + round, 32)
      ensure(suite.kemPublicKeyIsValid(key), toHex(key))
      ensure(suite.hpkeSeal(key, empty, empty, empty, seed) !== undefined, toHex(key))
    }
  })
}

interface Signing {
  readonly scalar: bigint
  readonly publicPoint: EdwardsPoint
  readonly r: bigint
  readonly round: number
  /** Added to R. */
  readonly torsion?: EdwardsPoint
}

/** Signs as a hostile signer can: with any nonce, and any points of small order added to R and to the key. */
function signatureBy({ scalar, publicPoint, r, round, torsion }: Signing): {
  publicKey: Uint8Array
  message: Uint8Array
  signature: Uint8Array
  s: bigint
  h: bigint
} {
  const message = testBytes(round, 20)
  const publicKey = encodePoint(publicPoint)
  const rPoint = multiplyPoint(r + BigInt(r === 0n ? 0 : round), EDWARDS25519_BASE)
  const encodedR = encodePoint(torsion === undefined ? rPoint : addPoints(rPoint, torsion))
  const h = fromLittleEndian(sha512(concatBytes(encodedR, publicKey, message))) % EDWARDS25519_ORDER
  const s = (r + BigInt(r === 0n ? 0 : round) + h * scalar) % EDWARDS25519_ORDER
  return { publicKey, message, signature: concatBytes(encodedR, toLittleEndian(s)), s, h }
}

function pointsOfSmallOrder(torsion: EdwardsPoint): Uint8Array[] {
  return Array.from({ length: 8 }, (_, i) => encodePoint(multiplyPoint(BigInt(i), torsion)))
}

function withTopBit(u: Uint8Array): Uint8Array {
  const set = u.slice()
  set[31]! |= 0x80
  return set
}

import { sha512 } from "@noble/hashes/sha2.js"
import { concatBytes, fromHex, toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import {
  addPoints,
  decodePoint,
  EDWARDS25519_BASE,
  EDWARDS25519_ORDER,
  encodePoint,
  fromLittleEndian,
  multiplyPoint,
  toLittleEndian,
} from "./edwards25519.ts"
import { ensure, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

/** An encoded point whose maker knows what it is: `scalar` times the base point and `torsion` times one of order eight. */
interface KnownPoint {
  readonly encoded: Uint8Array
  readonly scalar: bigint
  readonly torsion: bigint
  /** False if it is of small order, or if this is a second encoding. */
  readonly isAllowed: boolean
}

const ORDER_EIGHT = decodePoint(fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))!
const ALL_TORSION = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]

/** Second encodings: y not reduced (of the points with y = 0 and y = 1, and of no point), and a sign where x is zero. */
const SECOND_ENCODINGS: readonly string[] = [
  `ed${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}ff`,
  `ee${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}ff`,
  `f1${"ff".repeat(30)}7f`,
  "ff".repeat(32),
  `01${"00".repeat(30)}80`,
  `ec${"ff".repeat(30)}ff`,
]

/**
 * Ed25519 as one rule for all implementations: who verifies by another one is split from the group by whoever finds a signature
 * that only some accept. The signer is hostile: it knows the discrete logarithms of its key and R, and mixes in all points of small
 * order and all second encodings. The expected verdict follows from what it mixed, without arithmetic on points.
 */
export function checkEd25519Rule(suite: CipherSuite, it: Register): void {
  it("verifies exactly the Ed25519 signatures with canonical, large-order key and R, S < L, and [S]B = R + [h]A", () => {
    const keys = mixtures(fromLittleEndian(testBytes(21, 31)))
    const nonces = mixtures(fromLittleEndian(testBytes(22, 31)))
    let acceptedCount = 0
    for (const [round, key] of keys.entries()) {
      for (const nonce of nonces) {
        const message = testBytes(round, 24)
        const h = fromLittleEndian(sha512(concatBytes(nonce.encoded, key.encoded, message))) % EDWARDS25519_ORDER
        const s = (nonce.scalar + h * key.scalar) % EDWARDS25519_ORDER
        const holds = (nonce.torsion + h * key.torsion) % 8n === 0n
        const verdict = (value: bigint): boolean =>
          suite.verify(key.encoded, message, concatBytes(nonce.encoded, toLittleEndian(value)))
        const what = `key ${toHex(key.encoded)}, R ${toHex(nonce.encoded)}, round ${round}`
        const isExpected = key.isAllowed && nonce.isAllowed && holds
        ensure(verdict(s) === isExpected, `${what}: ${isExpected ? "refused" : "accepted"}`)
        ensure(!verdict(s + EDWARDS25519_ORDER), `${what}: S + L accepted`)
        ensure(!verdict((s + 1n) % EDWARDS25519_ORDER), `${what}: S + 1 accepted`)
        if (isExpected) acceptedCount++
      }
    }
    ensure(acceptedCount >= 4, `only ${acceptedCount} signatures were to be accepted`)
  })
}

/** `scalar` times the base point with each torsion, each torsion alone, and all second encodings. */
function mixtures(scalar: bigint): readonly KnownPoint[] {
  const large = multiplyPoint(scalar, EDWARDS25519_BASE)
  const points = ALL_TORSION.flatMap((torsion) => {
    const small = multiplyPoint(torsion, ORDER_EIGHT)
    return [
      { encoded: encodePoint(addPoints(large, small)), scalar, torsion, isAllowed: true },
      { encoded: encodePoint(small), scalar: 0n, torsion, isAllowed: false },
    ]
  })
  // What they decode to does not matter: they are refused before.
  const second = SECOND_ENCODINGS.map((hex) => ({ encoded: fromHex(hex), scalar: 0n, torsion: 0n, isAllowed: false }))
  return [...points, ...second]
}

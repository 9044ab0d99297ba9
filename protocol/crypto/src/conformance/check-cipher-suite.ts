import type { CipherSuite } from "../cipher-suite.ts"
import { checkAead } from "./check-aead.ts"
import { checkCurve25519 } from "./check-curve25519.ts"
import { checkHashing } from "./check-hashing.ts"
import { checkHpke } from "./check-hpke.ts"
import { checkMemory } from "./check-memory.ts"
import { checkSignatures } from "./check-signatures.ts"
import type { Register } from "./law.ts"

/** The suites of RFC 9420 §17.1 over X25519 and Ed25519. */
const CURVE25519_SUITES: ReadonlySet<number> = new Set([0x0001, 0x0003])

/**
 * What every implementation of {@link CipherSuite} promises, as behaviours for a test runner:
 * `describe("my suite", () => checkCipherSuite(suite, it))`.
 *
 * Vectors say that a suite computes the right values; these say that it refuses the wrong ones, keeps its hands off its
 * arguments, and throws only where the contract allows it.
 */
export function checkCipherSuite(suite: CipherSuite, it: Register): void {
  checkHashing(suite, it)
  checkAead(suite, it)
  checkSignatures(suite, it)
  checkHpke(suite, it)
  checkMemory(suite, it)
  if (CURVE25519_SUITES.has(suite.id)) checkCurve25519(suite, it)
}

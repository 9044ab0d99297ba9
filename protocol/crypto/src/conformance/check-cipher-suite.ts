import type { CipherSuite } from "../cipher-suite.ts"
import { checkAead } from "./check-aead.ts"
import { checkEd25519, checkX25519 } from "./check-curve25519.ts"
import { checkEd25519Rule } from "./check-ed25519-rule.ts"
import { checkEd448, checkX448 } from "./check-curve448.ts"
import { checkHashing } from "./check-hashing.ts"
import { checkHpke } from "./check-hpke.ts"
import { checkMemory } from "./check-memory.ts"
import { checkNistCurve } from "./check-nist-curve.ts"
import { checkSignatures } from "./check-signatures.ts"
import { checkXWing } from "./check-xwing.ts"
import type { Register } from "./law.ts"
import { SUITE_SPECS } from "../suite-specs.ts"

/**
 * What every implementation of {@link CipherSuite} promises, as behaviours for a test runner:
 * `describe("my suite", () => checkCipherSuite(suite, it))`.
 *
 * A suite that RFC 9420 does not have is taken for one of X-Wing and Ed25519.
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
  const spec = SUITE_SPECS.get(suite.id)
  if (spec?.group === "X25519") checkX25519(suite, it)
  else if (spec?.group === "X448") checkX448(suite, it)
  else if (spec === undefined) checkXWing(suite, it)
  if (spec?.signature === "Ed448") checkEd448(suite, it)
  else if (spec === undefined || spec.signature === "Ed25519") {
    checkEd25519(suite, it)
    checkEd25519Rule(suite, it)
  } else checkNistCurve(spec.signature, suite, it)
}

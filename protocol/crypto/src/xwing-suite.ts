import type { SuiteParts } from "./make-suite.ts"
import type { MlKem, Sha3 } from "./primitives.ts"
import { SUITE_SPECS, type Platform } from "./suite-specs.ts"
import { XWing, type XWingKeyDerivation } from "./xwing.ts"

/** What members of a group must agree on before they can use a suite that has no registered code point yet. */
export interface XWingSuiteOptions {
  /**
   * The code point. The default is out of the private range (RFC 9420 §17.1), and what implementations of
   * draft-ietf-mls-pq-ciphersuites-06 put in the place of its "TBD2".
   */
  readonly id?: number
  /**
   * The hash of HKDF, transcript and tree. The default, SHA-384, is that draft's; ts-mls has SHA-512 (and 0x0053 as its
   * code point).
   */
  readonly hash?: "SHA-384" | "SHA-512"
  /** How a private key is made of a seed. The default, `hpke-pq`, is that draft's; ts-mls and OpenMLS have `xwing`. */
  readonly keyDerivation?: XWingKeyDerivation
}

/** The default {@link XWingSuiteOptions.id}. */
export const XWING_SUITE_ID = 0xf002

const NAMES = {
  "SHA-384": "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519",
  "SHA-512": "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
} as const

/**
 * What a post-quantum suite is made of: X-Wing, AES-256-GCM, Ed25519.
 *
 * It protects what is sent today from a quantum computer of tomorrow. Signatures do not need it yet: they must hold
 * when they are checked, not for decades.
 *
 * @throws RangeError for a code point of RFC 9420's own suites, for 0 and beyond 16 bits
 */
export function xwingSuiteParts(
  options: XWingSuiteOptions,
  platform: Platform,
  own: { readonly mlKem: MlKem; readonly sha3: Sha3 },
): SuiteParts {
  const { id = XWING_SUITE_ID, hash = "SHA-384", keyDerivation = "hpke-pq" } = options
  if (!Number.isInteger(id) || id < 1 || id > 0xffff || SUITE_SPECS.has(id)) {
    throw new RangeError(`${id} cannot be the code point of an X-Wing suite`)
  }
  return {
    id,
    name: NAMES[hash],
    hash: platform.hash(hash),
    aead: platform.aead("AES-256-GCM"),
    kem: new XWing({ ...own, x25519: platform.group("X25519") }, keyDerivation),
    signature: platform.signature("Ed25519"),
  }
}

import type { CipherSuite } from "../cipher-suite.ts"
import { makeSuite } from "../make-suite.ts"
import { xwingSuiteParts, type XWingSuiteOptions } from "../xwing-suite.ts"
import { mlKem768 } from "./ml-kem.ts"
import { loadBrowserPlatform } from "./platform.ts"
import { sha3 } from "./sha3.ts"
import { loadSodium } from "./sodium.ts"

/**
 * A post-quantum suite for browsers: X-Wing (X25519 and ML-KEM-768 of libsodium), AES-256-GCM, SHA-384 and Ed25519
 * unless the options say otherwise. No code point is registered, so members must agree on one.
 *
 * Rejects with a RangeError for a code point that cannot be its own, otherwise like `loadBrowserSuite`.
 */
export async function loadBrowserXWingSuite(options: XWingSuiteOptions = {}): Promise<CipherSuite> {
  const platform = await loadBrowserPlatform(["X25519"])
  return makeSuite(xwingSuiteParts(options, platform, { mlKem: mlKem768(await loadSodium()), sha3 }))
}

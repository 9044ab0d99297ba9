import { expandXWingKey } from "../xwing.ts"
import { xwingSuiteParts, type XWingSuiteOptions } from "../xwing-suite.ts"
import { Keys } from "./keys.ts"
import { sodiumFor } from "./libraries.ts"
import { nativeMlKem, seededMlKem } from "./ml-kem.ts"
import { nodePlatform } from "./platform.ts"
import { sha3 } from "./sha3.ts"
import { type NodeSuite, type NodeSuiteOptions, withKeys } from "./suites.ts"

/** How the X-Wing suite of this platform differs from the usual. */
export interface NodeXWingSuiteOptions extends XWingSuiteOptions, NodeSuiteOptions {
  /**
   * `native`, the default, encapsulates on OpenSSL, which draws the randomness of ML-KEM itself. `seeded` derives it
   * from the seed like everything else, so that a simulation replays byte for byte, and takes several times as long.
   */
  readonly encapsulation?: "native" | "seeded"
}

/**
 * A post-quantum suite on Node: X-Wing (X25519 and ML-KEM-768), AES-256-GCM, SHA-384 and Ed25519 unless the
 * options say otherwise. No code point is registered, so members must agree on one.
 *
 * @throws RangeError for a code point that cannot be its own, a limit below one, or other libraries
 */
export function newXWingSuite(options: NodeXWingSuiteOptions = {}): NodeSuite {
  return xwingSuiteWith(new Keys(options), options)
}

/** The same over a given cache. */
export function xwingSuiteWith(keys: Keys, options: NodeXWingSuiteOptions = {}): NodeSuite {
  const mlKem = options.encapsulation === "seeded" ? seededMlKem(keys) : nativeMlKem(keys)
  const { libraries = "fastest" } = options
  const platform = nodePlatform(keys, sodiumFor(libraries))
  const suite = withKeys(xwingSuiteParts(options, platform, { mlKem, sha3 }), keys, libraries)
  return {
    ...suite,
    forgetPrivateKey(privateKey) {
      suite.forgetPrivateKey(privateKey)
      // What is kept of an X-Wing key is kept under its halves.
      const { mlKemSeed, x25519Key } = expandXWingKey(sha3, privateKey)
      for (const half of [mlKemSeed, x25519Key]) {
        suite.forgetPrivateKey(half)
        half.fill(0)
      }
    },
  }
}

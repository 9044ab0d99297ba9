import { mlKem768 } from "../browser/ml-kem.ts"
import { loadBrowserPlatform } from "../browser/platform.ts"
import { sframeCiphers as browserSFrameCiphers } from "../browser/sframe-ciphers.ts"
import { sha3 as browserSha3 } from "../browser/sha3.ts"
import { loadSodium } from "../browser/sodium.ts"
import type { CipherSuite } from "../cipher-suite.ts"
import { makeSuite } from "../make-suite.ts"
import { argon2id, type Argon2idCost } from "../node/argon2id.ts"
import { Keys } from "../node/keys.ts"
import { type Libraries, sodiumFor } from "../node/libraries.ts"
import { seededMlKem } from "../node/ml-kem.ts"
import { nodePlatform } from "../node/platform.ts"
import { sha3 as nodeSha3 } from "../node/sha3.ts"
import { sframeCiphers as nodeSFrameCiphers } from "../node/sframe-ciphers.ts"
import type { MlKem, Sha3 } from "../primitives.ts"
import type { SFrameCipher } from "../sframe-cipher.ts"
import { type Platform, SUITE_SPECS, suitePartsOf } from "../suite-specs.ts"
import { XWing } from "../xwing.ts"
import { xwingSuiteParts } from "../xwing-suite.ts"

/** One platform's primitives, laid open for test vectors that a whole suite cannot run. */
export interface VectorProvider {
  readonly name: string
  /** All suites of RFC 9420 §17.1 in the order of their code points, and X-Wing's. */
  readonly suites: readonly CipherSuite[]
  readonly platform: Platform
  readonly mlKem: MlKem
  readonly xwing: XWing
  readonly sframeCiphers: ReadonlyMap<number, SFrameCipher>
  /**
   * Called before each case that encrypts. Published cases share keys and nonces: whoever watches for nonces that are used
   * twice starts anew here.
   */
  readonly beforeCase?: () => void
  /** Absent where the platform has none. */
  readonly argon2id?: (password: Uint8Array, salt: Uint8Array, cost: Argon2idCost) => Uint8Array
}

/**
 * The primitives of `@qpc/crypto/node`. ML-KEM encapsulates in JavaScript, because OpenSSL lets nobody choose the
 * message.
 *
 * @param libraries - The provider is called `node`, or `openssl` where it is node:crypto alone.
 */
export function nodeVectorProvider(libraries: Libraries = "fastest"): VectorProvider {
  const keys = new Keys()
  const name = libraries === "fastest" ? "node" : "openssl"
  const platform = nodePlatform(keys, sodiumFor(libraries))
  return {
    ...providerOf(name, platform, { mlKem: seededMlKem(keys), sha3: nodeSha3, sframeCiphers: nodeSFrameCiphers }),
    argon2id,
  }
}

/** The primitives of `@qpc/crypto/browser`; they run under Node as well. */
export async function loadBrowserVectorProvider(): Promise<VectorProvider> {
  const platform = await loadBrowserPlatform(["X25519", "X448", "P-256", "P-384", "P-521"])
  const mlKem = mlKem768(await loadSodium())
  return providerOf("browser", platform, { mlKem, sha3: browserSha3, sframeCiphers: browserSFrameCiphers })
}

function providerOf(
  name: string,
  platform: Platform,
  own: Pick<VectorProvider, "mlKem" | "sframeCiphers"> & { readonly sha3: Sha3 },
): Omit<VectorProvider, "argon2id"> {
  const registered = [...SUITE_SPECS.values()].map((spec) => makeSuite(suitePartsOf(spec, platform)))
  return {
    name,
    suites: [...registered, makeSuite(xwingSuiteParts({}, platform, own))],
    platform,
    mlKem: own.mlKem,
    sframeCiphers: own.sframeCiphers,
    xwing: new XWing({ ...own, x25519: platform.group("X25519") }, "hpke-pq"),
  }
}

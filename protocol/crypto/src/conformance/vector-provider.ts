import * as browserAead from "../browser/aead.ts"
import * as browserHash from "../browser/hash-function.ts"
import { loadSodium } from "../browser/sodium.ts"
import { suite0001Parts as browserParts } from "../browser/suite-0001.ts"
import { x25519 as browserX25519 } from "../browser/x25519.ts"
import { makeSuite, type SuiteParts } from "../make-suite.ts"
import * as nodeAead from "../node/aead.ts"
import { argon2id, type Argon2idCost } from "../node/argon2id.ts"
import * as nodeHash from "../node/hash-function.ts"
import { Keys } from "../node/keys.ts"
import { suite0001Parts as nodeParts } from "../node/suite-0001.ts"
import { x25519 as nodeX25519 } from "../node/x25519.ts"
import type { CipherSuite } from "../cipher-suite.ts"
import type { Aead, DhGroup, HashFunction } from "../primitives.ts"

/** One platform's primitives, laid open for test vectors that a whole suite cannot run. */
export interface VectorProvider {
  readonly name: string
  readonly suite: CipherSuite
  readonly sha256: HashFunction
  readonly sha512: HashFunction
  readonly aes128Gcm: Aead
  readonly aes256Gcm: Aead
  readonly chacha20Poly1305: Aead
  readonly x25519: DhGroup
  /** Absent where the platform has none. */
  readonly argon2id?: (password: Uint8Array, salt: Uint8Array, cost: Argon2idCost) => Uint8Array
}

/** The primitives of `@qpc/crypto/node`. */
export function nodeVectorProvider(): VectorProvider {
  const keys = new Keys()
  return { ...providerOf("node", nodeParts(keys), nodeHash, nodeAead), x25519: nodeX25519(keys), argon2id }
}

/** The primitives of `@qpc/crypto/browser`; they run under Node as well. */
export async function loadBrowserVectorProvider(): Promise<VectorProvider> {
  const sodium = await loadSodium()
  return { ...providerOf("browser", browserParts(sodium), browserHash, browserAead), x25519: browserX25519(sodium) }
}

function providerOf(
  name: string,
  parts: SuiteParts,
  { sha256, sha512 }: Pick<VectorProvider, "sha256" | "sha512">,
  { aes128Gcm, aes256Gcm, chacha20Poly1305 }: Pick<VectorProvider, "aes128Gcm" | "aes256Gcm" | "chacha20Poly1305">,
): Omit<VectorProvider, "x25519" | "argon2id"> {
  return { name, suite: makeSuite(parts), sha256, sha512, aes128Gcm, aes256Gcm, chacha20Poly1305 }
}

import type { CipherSuite } from "../cipher-suite.ts"
import { makeSuite, type SuiteParts } from "../make-suite.ts"
import { type SignatureName, SUITE_SPECS, type SuiteSpec, suitePartsOf, suiteSpecOf } from "../suite-specs.ts"
import { Keys, type KeyLimits } from "./keys.ts"
import { type Libraries, nameLibraries, sodiumFor } from "./libraries.ts"
import { nodePlatform } from "./platform.ts"

/** How a suite on Node differs from the usual. */
export interface NodeSuiteOptions extends KeyLimits {
  /** Default `fastest`. */
  readonly libraries?: Libraries
}

/** A suite together with the means to empty its memory. */
export interface NodeSuite extends CipherSuite {
  readonly signatureScheme: SignatureName
  readonly libraries: Libraries
  /** Whose code computes, with versions: for reports. Loads what is not loaded yet. */
  primitives(): string
  /**
   * Drops what the suite keeps of a private key. Call it when the key is deleted.
   *
   * Best effort: OpenSSL clears the key's memory once the garbage collector frees it.
   */
  forgetPrivateKey(privateKey: Uint8Array): void
  /** Drops every key the suite keeps. */
  forgetAllKeys(): void
}

/**
 * A suite of RFC 9420 §17.1 with a key cache of its own: for separate accounts in one process, or other limits or libraries than
 * the usual.
 *
 * @throws RangeError for a code point that RFC 9420 does not assign, a limit below one, or other libraries
 */
export function newSuite(id: number, options: NodeSuiteOptions = {}): NodeSuite {
  return suiteOf(suiteSpecOf(id), options)
}

/** {@link newSuite} for 0x0001. */
export function newSuite0001(options: NodeSuiteOptions = {}): NodeSuite {
  return newSuite(0x0001, options)
}

/**
 * Every cipher suite of RFC 9420 §17.1 on Node, by code point. Each keeps up to 256 private and 1024 public keys
 * imported.
 */
export const suites: ReadonlyMap<number, NodeSuite> = new Map(
  [...SUITE_SPECS].map(([id, spec]) => [id, suiteOf(spec, {})]),
)

/** MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, which every implementation has (RFC 9420 §17.1). */
export const suite0001: NodeSuite = suiteIn(0x0001)
/** MLS_128_DHKEMP256_AES128GCM_SHA256_P256. */
export const suite0002: NodeSuite = suiteIn(0x0002)
/** MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519. */
export const suite0003: NodeSuite = suiteIn(0x0003)
/** MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448. */
export const suite0004: NodeSuite = suiteIn(0x0004)
/** MLS_256_DHKEMP521_AES256GCM_SHA512_P521. */
export const suite0005: NodeSuite = suiteIn(0x0005)
/** MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448. */
export const suite0006: NodeSuite = suiteIn(0x0006)
/** MLS_256_DHKEMP384_AES256GCM_SHA384_P384. */
export const suite0007: NodeSuite = suiteIn(0x0007)

/** Joins parts into a suite that forgets what is in `keys`. */
export function withKeys(parts: SuiteParts, keys: Keys, libraries: Libraries): NodeSuite {
  return {
    ...makeSuite(parts),
    signatureScheme: parts.signature.name,
    libraries,
    primitives: () => nameLibraries(sodiumFor(libraries)),
    forgetPrivateKey: (privateKey) => keys.forgetPrivate(privateKey),
    forgetAllKeys: () => keys.forgetAll(),
  }
}

function suiteOf(spec: SuiteSpec, options: NodeSuiteOptions): NodeSuite {
  const { libraries = "fastest" } = options
  const keys = new Keys(options)
  return withKeys(suitePartsOf(spec, nodePlatform(keys, sodiumFor(libraries))), keys, libraries)
}

function suiteIn(id: number): NodeSuite {
  const suite = suites.get(id)
  if (suite === undefined) throw new Error(`unreachable: no suite ${id}`)
  return suite
}

import { concatBytes, toUtf8 } from "@qpc/wire"
import { expand, extract } from "./hkdf.ts"
import type { HashFunction } from "./primitives.ts"

const VERSION = toUtf8("HPKE-v1")

/** `value` as two bytes, big-endian: I2OSP(value, 2) in RFC 9180. */
export function twoBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff)
}

/**
 * LabeledExtract and LabeledExpand of one HPKE suite id (RFC 9180 §4).
 *
 * Every label keeps its constant prefix ready: HPKE calls these eleven times for one message.
 */
export class LabeledKdf {
  readonly #hash: HashFunction
  readonly #suiteId: Uint8Array
  readonly #prefixes = new Map<string, Uint8Array>()

  /** Takes ownership of `suiteId`: "KEM" or "HPKE" with the identifiers behind it. */
  constructor(hash: HashFunction, suiteId: Uint8Array) {
    this.#hash = hash
    this.#suiteId = suiteId
  }

  extract(salt: Uint8Array, label: Label, inputKeyMaterial: Uint8Array): Uint8Array {
    const labeled = concatBytes(this.#prefixOf(label), inputKeyMaterial)
    const pseudoRandomKey = extract(this.#hash, salt, labeled)
    labeled.fill(0)
    return pseudoRandomKey
  }

  expand(pseudoRandomKey: Uint8Array, label: Label, info: Uint8Array, lengthBytes: number): Uint8Array {
    const labeled = concatBytes(twoBytes(lengthBytes), this.#prefixOf(label), info)
    return expand(this.#hash, pseudoRandomKey, labeled, lengthBytes)
  }

  #prefixOf(label: Label): Uint8Array {
    let prefix = this.#prefixes.get(label)
    if (prefix === undefined) {
      prefix = concatBytes(VERSION, this.#suiteId, toUtf8(label))
      this.#prefixes.set(label, prefix)
    }
    return prefix
  }
}

/** The labels of RFC 9180: a closed list, so that the prefixes kept are few. */
export type Label =
  | "eae_prk"
  | "shared_secret"
  | "dkp_prk"
  | "sk"
  | "candidate"
  | "psk_id_hash"
  | "info_hash"
  | "secret"
  | "key"
  | "base_nonce"
  | "exp"
  | "sec"

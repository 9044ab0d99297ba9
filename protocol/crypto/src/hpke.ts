import { concatBytes, toUtf8 } from "@qpc/wire"
import type { HpkeInfo, HpkeSealed } from "./cipher-suite.ts"
import { LabeledKdf, twoBytes } from "./labeled-kdf.ts"
import type { Aead, HashFunction, Kem } from "./primitives.ts"

/** An encapsulated key and the secret exported behind it. */
export interface SentExport {
  readonly kemOutput: Uint8Array
  readonly secret: Uint8Array
}

const EMPTY = new Uint8Array(0)
const MODE_BASE = 0
/** Exported secrets carry their length in two bytes (RFC 9180 §4). */
const LONGEST_LABELED = 0xffff

/**
 * HPKE in base mode (RFC 9180 §5.1.1, §6), one message per encapsulation: MLS never sends a second one (RFC 9420
 * §5.1.3), so there is no sequence number and the nonce is `base_nonce` itself.
 */
export class Hpke {
  readonly #kem: Kem
  readonly #aead: Aead
  readonly #kdf: LabeledKdf
  readonly #hashBytes: number
  #contextPrefix: Uint8Array | undefined

  constructor(kem: Kem, hash: HashFunction, aead: Aead) {
    const identifiers = [kem.kemId, hash.kdfId, aead.aeadId].map(twoBytes)
    this.#kem = kem
    this.#aead = aead
    this.#kdf = new LabeledKdf(hash, concatBytes(toUtf8("HPKE"), ...identifiers))
    this.#hashBytes = hash.hashBytes
  }

  /** The part of the key schedule that depends on `info` alone (RFC 9180 §5.1). */
  info(info: Uint8Array): HpkeInfo {
    // key_schedule_context starts alike for every message of base mode, whose psk_id is empty.
    this.#contextPrefix ??= concatBytes(Uint8Array.of(MODE_BASE), this.#kdf.extract(EMPTY, "psk_id_hash", EMPTY))
    return { scheduleContext: concatBytes(this.#contextPrefix, this.#kdf.extract(EMPTY, "info_hash", info)) }
  }

  /** SealBase (RFC 9180 §6.1). */
  seal(
    publicKey: Uint8Array,
    info: Uint8Array | HpkeInfo,
    aad: Uint8Array,
    plaintext: Uint8Array,
    seed: Uint8Array,
  ): HpkeSealed | undefined {
    const encapsulated = this.#kem.encapsulate(publicKey, seed)
    if (encapsulated === undefined) return undefined
    const { key, nonce } = this.messageKey(encapsulated.secret, info)
    const ciphertext = this.#aead.seal(key, nonce, aad, plaintext)
    key.fill(0)
    return { kemOutput: encapsulated.kemOutput, ciphertext }
  }

  /** OpenBase (RFC 9180 §6.1). */
  open(privateKey: Uint8Array, info: Uint8Array, aad: Uint8Array, sealed: HpkeSealed): Uint8Array | undefined {
    const secret = this.#kem.decapsulate(privateKey, sealed.kemOutput)
    if (secret === undefined) return undefined
    const { key, nonce } = this.messageKey(secret, info)
    const plaintext = this.#aead.open(key, nonce, aad, sealed.ciphertext)
    key.fill(0)
    return plaintext
  }

  /** SendExportBase (RFC 9180 §6.2). */
  sendExport(
    publicKey: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    lengthBytes: number,
    seed: Uint8Array,
  ): SentExport | undefined {
    this.#checkExportLength(lengthBytes)
    const encapsulated = this.#kem.encapsulate(publicKey, seed)
    if (encapsulated === undefined) return undefined
    const secret = this.#export(encapsulated.secret, info, exporterContext, lengthBytes)
    return { kemOutput: encapsulated.kemOutput, secret }
  }

  /** ReceiveExportBase (RFC 9180 §6.2). */
  receiveExport(
    privateKey: Uint8Array,
    kemOutput: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    lengthBytes: number,
  ): Uint8Array | undefined {
    this.#checkExportLength(lengthBytes)
    const secret = this.#kem.decapsulate(privateKey, kemOutput)
    return secret && this.#export(secret, info, exporterContext, lengthBytes)
  }

  /** KeySchedule (RFC 9180 §5.1) for one message. Uses up `sharedSecret`; the caller zeroes the key. */
  messageKey(sharedSecret: Uint8Array, info: Uint8Array | HpkeInfo): { key: Uint8Array; nonce: Uint8Array } {
    const context = this.#contextOf(info)
    const secret = this.#scheduleSecret(sharedSecret)
    const key = this.#kdf.expand(secret, "key", context, this.#aead.keyBytes)
    const nonce = this.#kdf.expand(secret, "base_nonce", context, this.#aead.nonceBytes)
    secret.fill(0)
    return { key, nonce }
  }

  /** KeySchedule (RFC 9180 §5.1) for exporting. Uses up `sharedSecret`; the caller zeroes the result. */
  exporterSecret(sharedSecret: Uint8Array, info: Uint8Array): Uint8Array {
    const context = this.#contextOf(info)
    const secret = this.#scheduleSecret(sharedSecret)
    const exporterSecret = this.#kdf.expand(secret, "exp", context, this.#hashBytes)
    secret.fill(0)
    return exporterSecret
  }

  #export(sharedSecret: Uint8Array, info: Uint8Array, exporterContext: Uint8Array, lengthBytes: number): Uint8Array {
    const exporterSecret = this.exporterSecret(sharedSecret, info)
    const exported = this.#kdf.expand(exporterSecret, "sec", exporterContext, lengthBytes)
    exporterSecret.fill(0)
    return exported
  }

  #contextOf(info: Uint8Array | HpkeInfo): Uint8Array {
    return (info instanceof Uint8Array ? this.info(info) : info).scheduleContext
  }

  /** Uses up `sharedSecret`. */
  #scheduleSecret(sharedSecret: Uint8Array): Uint8Array {
    const secret = this.#kdf.extract(sharedSecret, "secret", EMPTY)
    sharedSecret.fill(0)
    return secret
  }

  #checkExportLength(lengthBytes: number): void {
    const longest = Math.min(LONGEST_LABELED, 255 * this.#hashBytes)
    if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > longest) {
      throw new RangeError(`an exported secret has 0 to ${longest} bytes, not ${lengthBytes}`)
    }
  }
}

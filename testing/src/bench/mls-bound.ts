import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto"
import type { KeyObject } from "node:crypto"

/** Lengths in bytes of what the primitives of one application message work on. */
export interface MessageSizes {
  /** SignContent of the FramedContentTBS (RFC 9420 §5.1.2, §6.1). */
  readonly signed: number
  /** PrivateMessageContent (RFC 9420 §6.3.1). */
  readonly content: number
  /** PrivateContentAAD. */
  readonly contentAad: number
  /** SenderDataAAD (RFC 9420 §6.3.2). */
  readonly senderDataAad: number
}

/**
 * Info of each ExpandWithLabel (RFC 9420 §8) in bytes: length, label, context. The labels of the ratchet are `nonce`, `key`
 * and `secret` with a generation (§9.1), those of sender data `key` and `nonce` with a sample of the ciphertext (§6.3.2).
 */
export const EXPAND_INFO_BYTES: readonly number[] = [
  2 + 1 + 13 + 1 + 4,
  2 + 1 + 11 + 1 + 4,
  2 + 1 + 14 + 1 + 4,
  2 + 1 + 11 + 1 + 32,
  2 + 1 + 13 + 1 + 32,
]
const SENDER_DATA_BYTES = 12
const TAG_BYTES = 16
const GCM_OPTIONS = { authTagLength: TAG_BYTES }

interface Sealed {
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

/**
 * What node:crypto alone takes for one application message of suite 0x0001, with key objects made before: nobody who
 * keeps to RFC 9420 on this library can be faster.
 *
 * - Ed25519: one signature (§6.1).
 * - HMAC, five times: key, nonce and following secret of the ratchet (§9.1), key and nonce of the sender data (§6.3.2).
 *   Each is an HKDF-Expand of one block.
 * - AES-128-GCM, twice: content (§6.3.1) and sender data (§6.3.2).
 */
export class PrimitiveBound {
  readonly #publicKey: KeyObject
  readonly #privateKey: KeyObject
  readonly #signed: Uint8Array
  readonly #signature: Uint8Array
  readonly #secret = new Uint8Array(32).fill(1)
  /** With the counter that HKDF-Expand puts behind the info (RFC 5869 §2.3). */
  readonly #infos = EXPAND_INFO_BYTES.map((infoBytes) => new Uint8Array(infoBytes + 1).fill(2))
  /** Each seals one message, again and again, and never another. */
  readonly #key = randomBytes(16)
  readonly #senderDataKey = randomBytes(16)
  readonly #nonce = new Uint8Array(12).fill(5)
  readonly #content: Uint8Array
  readonly #contentAad: Uint8Array
  readonly #sealedContent: Sealed
  readonly #senderData = new Uint8Array(SENDER_DATA_BYTES).fill(6)
  readonly #senderDataAad: Uint8Array
  readonly #sealedSenderData: Sealed

  constructor(sizes: MessageSizes) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519")
    this.#publicKey = publicKey
    this.#privateKey = privateKey
    this.#signed = new Uint8Array(sizes.signed).fill(7)
    this.#signature = sign(null, this.#signed, privateKey)
    this.#content = new Uint8Array(sizes.content).fill(8)
    this.#contentAad = new Uint8Array(sizes.contentAad).fill(9)
    this.#senderDataAad = new Uint8Array(sizes.senderDataAad).fill(10)
    this.#sealedContent = this.#seal(this.#key, this.#contentAad, this.#content)
    this.#sealedSenderData = this.#seal(this.#senderDataKey, this.#senderDataAad, this.#senderData)
  }

  /** The primitives of sending one message. */
  protect(): void {
    sign(null, this.#signed, this.#privateKey)
    this.#expandFiveTimes()
    this.#seal(this.#key, this.#contentAad, this.#content)
    this.#seal(this.#senderDataKey, this.#senderDataAad, this.#senderData)
  }

  /** The primitives of receiving one message. */
  unprotect(): void {
    this.#expandFiveTimes()
    this.#open(this.#senderDataKey, this.#senderDataAad, this.#sealedSenderData)
    this.#open(this.#key, this.#contentAad, this.#sealedContent)
    verify(null, this.#signed, this.#publicKey, this.#signature)
  }

  #expandFiveTimes(): void {
    for (const info of this.#infos) createHmac("sha256", this.#secret).update(info).digest()
  }

  #seal(key: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Sealed {
    const cipher = createCipheriv("aes-128-gcm", key, this.#nonce, GCM_OPTIONS)
    cipher.setAAD(aad)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return { ciphertext, tag: cipher.getAuthTag() }
  }

  #open(key: Uint8Array, aad: Uint8Array, { ciphertext, tag }: Sealed): void {
    const decipher = createDecipheriv("aes-128-gcm", key, this.#nonce, GCM_OPTIONS)
    decipher.setAAD(aad)
    decipher.setAuthTag(tag)
    decipher.update(ciphertext)
    decipher.final()
  }
}

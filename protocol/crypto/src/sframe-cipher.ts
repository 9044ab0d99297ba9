import { concatBytes, constantTimeEqual, encode } from "@qpc/wire"
import { expand, extract } from "./hkdf.ts"
import type { Aead, HashFunction } from "./primitives.ts"
import type { Platform } from "./suite-specs.ts"

/** AES in counter mode (NIST SP 800-38A §6.5), which authenticates nothing: only for the constructions of this file. */
export interface CounterMode {
  /** @param counter - The first block, 16 bytes. */
  encipher(key: Uint8Array, counter: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The same function of its arguments; apart so that whoever watches encryptions does not see one here. */
  decipher(key: Uint8Array, counter: Uint8Array, ciphertext: Uint8Array): Uint8Array
}

/** What a platform must supply for the cipher suites of SFrame. */
export interface SFramePlatform extends Pick<Platform, "hash" | "aead"> {
  readonly counterMode: CounterMode
}

/** All the cryptography of one SFrame cipher suite (RFC 9605 §4.5). Arguments are borrowed, results are the caller's. */
export interface SFrameCipher {
  /** IANA "SFrame Cipher Suites" code point. */
  readonly id: number
  /** The registered name, such as `AES_128_GCM_SHA256_128`. */
  readonly name: string
  /** Nk: key of {@link seal}. */
  readonly keyBytes: number
  /** Nn. */
  readonly nonceBytes: number
  /** Nt: what sealing adds. */
  readonly tagBytes: number
  /** HKDF-Extract with the suite's hash (RFC 5869 §2.2). */
  extract(salt: Uint8Array, inputKeyMaterial: Uint8Array): Uint8Array
  /** HKDF-Expand (RFC 5869 §2.3). */
  expand(pseudoRandomKey: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array
  /**
   * Ciphertext ‖ tag. The caller guarantees that (key, nonce) is used once.
   *
   * @param head - What stands in front of them, as it is: the header of a frame. Authenticated only where `aad` has it too.
   * @throws RangeError for a wrong length
   */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, head?: Uint8Array): Uint8Array
  /** The plaintext, or `undefined` if the tag does not verify. @throws RangeError for a wrong length of key or nonce */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

const NONCE_BYTES = 12
const NOTHING = new Uint8Array(0)

/**
 * The suites of the IANA registry "SFrame Cipher Suites" (RFC 9605 §8.1), by code point: AES-GCM and, with tags of 10, 8 or 4
 * bytes, AES-CTR with HMAC. See RFC 9605 §7.5 before you choose a short tag.
 */
export function makeSFrameCiphers(platform: SFramePlatform): ReadonlyMap<number, SFrameCipher> {
  const [sha256, sha512] = [platform.hash("SHA-256"), platform.hash("SHA-512")]
  const counterHmac = (hash: HashFunction, keyBytes: number, tagBytes: number): Aead =>
    counterHmacAead({ hash, keyBytes, tagBytes, counterMode: platform.counterMode })
  const rows: readonly (readonly [number, string, HashFunction, Aead])[] = [
    [1, "AES_128_CTR_HMAC_SHA256_80", sha256, counterHmac(sha256, 16, 10)],
    [2, "AES_128_CTR_HMAC_SHA256_64", sha256, counterHmac(sha256, 16, 8)],
    [3, "AES_128_CTR_HMAC_SHA256_32", sha256, counterHmac(sha256, 16, 4)],
    [4, "AES_128_GCM_SHA256_128", sha256, platform.aead("AES-128-GCM")],
    [5, "AES_256_GCM_SHA512_128", sha512, platform.aead("AES-256-GCM")],
    [6, "AES_256_CTR_HMAC_SHA512_80", sha512, counterHmac(sha512, 32, 10)],
    [7, "AES_256_CTR_HMAC_SHA512_64", sha512, counterHmac(sha512, 32, 8)],
    [8, "AES_256_CTR_HMAC_SHA512_32", sha512, counterHmac(sha512, 32, 4)],
  ]
  return new Map(rows.map(([id, name, hash, aead]) => [id, sframeCipher(id, name, hash, aead)]))
}

function sframeCipher(id: number, name: string, hash: HashFunction, aead: Aead): SFrameCipher {
  return {
    id,
    name,
    keyBytes: aead.keyBytes,
    nonceBytes: aead.nonceBytes,
    tagBytes: aead.tagBytes,
    extract: (salt, inputKeyMaterial) => extract(hash, salt, inputKeyMaterial),
    expand: (pseudoRandomKey, info, lengthBytes) => expand(hash, pseudoRandomKey, info, lengthBytes),
    seal: (key, nonce, aad, plaintext, head) => aead.seal(key, nonce, aad, plaintext, head),
    open: (key, nonce, aad, ciphertext) => aead.open(key, nonce, aad, ciphertext),
  }
}

interface CounterHmac {
  readonly hash: HashFunction
  readonly counterMode: CounterMode
  /** Of AES alone. */
  readonly keyBytes: number
  readonly tagBytes: number
}

/** AES-CTR and then HMAC over the ciphertext, cut short (RFC 9605 §4.5.1). The key is AES's, then that of the HMAC. */
function counterHmacAead({ hash, counterMode, keyBytes, tagBytes }: CounterHmac): Aead {
  const wholeKeyBytes = keyBytes + hash.hashBytes

  const checkLengths = (key: Uint8Array, nonce: Uint8Array): void => {
    if (key.length !== wholeKeyBytes) throw new RangeError(`a key of this suite has ${wholeKeyBytes} bytes`)
    if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce of this suite has ${NONCE_BYTES} bytes`)
  }

  const tagOf = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
    const input = encode(
      (writer) => {
        for (const length of [aad.length, ciphertext.length, tagBytes]) writer.uint64(BigInt(length))
        writer.bytes(nonce).bytes(aad).bytes(ciphertext)
      },
      24 + NONCE_BYTES + aad.length + ciphertext.length,
    )
    return hash.mac(key.subarray(keyBytes), input).subarray(0, tagBytes)
  }

  return {
    // Not an AEAD of HPKE's registry.
    aeadId: 0xffff,
    keyBytes: wholeKeyBytes,
    nonceBytes: NONCE_BYTES,
    tagBytes,
    seal(key, nonce, aad, plaintext, head = NOTHING) {
      checkLengths(key, nonce)
      const ciphertext = counterMode.encipher(key.subarray(0, keyBytes), counterOf(nonce), plaintext)
      return concatBytes(head, ciphertext, tagOf(key, nonce, aad, ciphertext))
    },
    open(key, nonce, aad, sealed) {
      checkLengths(key, nonce)
      const end = sealed.length - tagBytes
      if (end < 0) return undefined
      const ciphertext = sealed.subarray(0, end)
      const isGenuine = constantTimeEqual(tagOf(key, nonce, aad, ciphertext), sealed.subarray(end))
      return isGenuine ? counterMode.decipher(key.subarray(0, keyBytes), counterOf(nonce), ciphertext) : undefined
    },
  }
}

/** The first counter block: the nonce and four zero bytes (RFC 9605 §4.5.1). */
function counterOf(nonce: Uint8Array): Uint8Array {
  const counter = new Uint8Array(16)
  counter.set(nonce)
  return counter
}

import type { KeyPair } from "./cipher-suite.ts"
import type { SignatureName } from "./suite-specs.ts"

/** The hashes that cipher suites are named after (FIPS 180-4). */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512"

/** The ciphers that cipher suites are named after. */
export type AeadName = "AES-128-GCM" | "AES-256-GCM" | "ChaCha20-Poly1305"

/**
 * A hash with its HMAC, and the identifier of the HKDF over it (RFC 9180 §7.2).
 *
 * Everything in this file is what a platform must supply; `makeSuite` builds the rest once for all platforms.
 */
export interface HashFunction {
  /** IANA "HPKE KDF Identifiers". */
  readonly kdfId: number
  readonly hashBytes: number
  hash(data: Uint8Array): Uint8Array
  /** HMAC (RFC 2104); any key length. */
  mac(key: Uint8Array, data: Uint8Array): Uint8Array
  /**
   * The first block of HKDF-Expand (RFC 5869 §2.3), which is {@link mac} of `info` and a byte 1: for platforms that are faster
   * if nobody joins them before. `undefined` where it is not.
   */
  expandedBlock?(key: Uint8Array, info: Uint8Array): Uint8Array | undefined
}

/** Authenticated encryption with a 16-byte tag behind the ciphertext. */
export interface Aead {
  /** IANA "HPKE AEAD Identifiers". */
  readonly aeadId: number
  readonly keyBytes: number
  readonly nonceBytes: number
  readonly tagBytes: number
  /**
   * Ciphertext ‖ tag.
   *
   * @param head - What stands in front of them, as it is; it saves its caller a copy of the rest.
   * @throws RangeError for a key or nonce of the wrong length
   */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, head?: Uint8Array): Uint8Array
  /** `undefined` if the tag does not verify. @throws RangeError for a key or nonce of the wrong length */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** A signature algorithm in the raw key forms of RFC 9420 §5.1.1. */
export interface SignatureScheme {
  readonly name: SignatureName
  readonly publicKeyBytes: number
  readonly privateKeyBytes: number
  readonly seedBytes: number
  /** True if two signatures of one message differ. */
  readonly drawsRandomness: boolean
  /** @throws RangeError if `seed` is not `seedBytes` long */
  keyPair(seed: Uint8Array): KeyPair
  /** `undefined` where the private key is not one. */
  publicKey(privateKey: Uint8Array): Uint8Array | undefined
  /** @throws RangeError if `privateKey` is not one */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** A Diffie–Hellman result together with the public half of the private key that made it. */
export interface Agreement {
  /** Given away where the private key is used once, lent where it is used again. */
  readonly publicKey: Uint8Array
  /** Owned by the caller, who zeroes it. */
  readonly secret: Uint8Array
}

/** A Diffie–Hellman group as DHKEM wants it (RFC 9180 §4.1, §7.1). */
export interface DhGroup {
  /** IANA "HPKE KEM Identifiers" of DHKEM over this group. */
  readonly kemId: number
  readonly publicKeyBytes: number
  readonly privateKeyBytes: number
  /** The entropy a key pair wants. */
  readonly seedBytes: number
  /**
   * The private key that `expand` yields (RFC 9180 §7.1.3): one call for X25519 and X448, a search over counters for
   * the NIST curves.
   */
  derivePrivateKey(expand: (label: "sk" | "candidate", info: Uint8Array, lengthBytes: number) => Uint8Array): Uint8Array
  /** `undefined` where the private key is not one. */
  publicKey(privateKey: Uint8Array): Uint8Array | undefined
  /** True if a private key can agree on a secret with it. */
  publicKeyIsValid(publicKey: Uint8Array): boolean
  /**
   * @param use - `once` for ephemeral keys, which must not enter any cache.
   * @returns `undefined` for a peer key that is not one, or that forces the secret (RFC 7748 §6.1).
   * @throws RangeError if `privateKey` is not one
   */
  agree(privateKey: Uint8Array, peerPublicKey: Uint8Array, use: "once" | "again"): Agreement | undefined
}

/** ML-KEM-768 (FIPS 203), its private keys kept as the 64-byte seed d ‖ z. */
export interface MlKem {
  /** True if it ignores the message of {@link MlKem.encapsulate} and draws its own. */
  readonly drawsRandomness: boolean
  /** ML-KEM.KeyGen_internal (FIPS 203 §6.1). @throws RangeError unless the seed has 64 bytes */
  publicKey(seed: Uint8Array): Uint8Array
  /**
   * ML-KEM.Encaps_internal (FIPS 203 §6.2) after the checks of §7.2.
   *
   * @param message - 32 bytes of entropy, `m` there.
   * @returns `undefined` for a public key of the wrong length or with a coefficient that is not reduced.
   */
  encapsulate(
    publicKey: Uint8Array,
    message: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined
  /**
   * ML-KEM.Decaps (FIPS 203 §7.3). A forged ciphertext gives a secret that nobody knows, not an error.
   *
   * @returns `undefined` for a ciphertext of the wrong length.
   * @throws RangeError unless the seed has 64 bytes
   */
  decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** The parts of SHA-3 (FIPS 202) that hybrid KEMs are built from. */
export interface Sha3 {
  sha3256(data: Uint8Array): Uint8Array
  shake256(data: Uint8Array, lengthBytes: number): Uint8Array
}

/** A key encapsulation mechanism (RFC 9180 §4); DHKEM and X-Wing alike. */
export interface Kem {
  /** IANA "HPKE KEM Identifiers". */
  readonly kemId: number
  readonly publicKeyBytes: number
  readonly privateKeyBytes: number
  readonly outputBytes: number
  readonly seedBytes: number
  /** True if two encapsulations from one seed differ. */
  readonly drawsRandomness: boolean
  keyPair(seed: Uint8Array): KeyPair
  publicKey(privateKey: Uint8Array): Uint8Array | undefined
  publicKeyIsValid(publicKey: Uint8Array): boolean
  /** `undefined` if `publicKey` is not usable. The secret is the caller's to zero. */
  encapsulate(
    publicKey: Uint8Array,
    seed: Uint8Array,
  ): { readonly kemOutput: Uint8Array; readonly secret: Uint8Array } | undefined
  /** `undefined` if `kemOutput` is not one. @throws RangeError if `privateKey` is not one */
  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array | undefined
}

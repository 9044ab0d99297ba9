/**
 * A public key and the private key behind it, in the raw forms of the suite. The private half is the owner's to zero.
 */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** What HPKE's sender hands to the receiver (RFC 9180 §6.1). */
export interface HpkeSealed {
  /** The encapsulated key, `enc` in RFC 9180 and `kem_output` in RFC 9420. */
  readonly kemOutput: Uint8Array
  readonly ciphertext: Uint8Array
}

/** One signature to be verified; see {@link CipherSuite.verifyAll}. */
export interface SignatureCheck {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** An `info` of HPKE after hashing; see {@link CipherSuite.hpkeInfo}. Public, and of one suite only. */
export interface HpkeInfo {
  /** `key_schedule_context` of RFC 9180 §5.1. */
  readonly scheduleContext: Uint8Array
}

/** Lengths in bytes, fixed by the suite. */
export interface CipherSuiteSizes {
  /** Nh: hashes, MAC keys and key-schedule secrets. */
  readonly hashBytes: number
  /** Nk. */
  readonly aeadKeyBytes: number
  /** Nn. */
  readonly aeadNonceBytes: number
  /** Nt: what sealing adds to a plaintext. */
  readonly aeadTagBytes: number
  readonly kemPublicKeyBytes: number
  readonly kemPrivateKeyBytes: number
  /** Nenc. */
  readonly kemOutputBytes: number
  /** Entropy that {@link CipherSuite.kemKeyPair} and {@link CipherSuite.hpkeSeal} want. */
  readonly kemSeedBytes: number
  readonly signaturePublicKeyBytes: number
  readonly signaturePrivateKeyBytes: number
  /** Entropy that {@link CipherSuite.signatureKeyPair} wants. */
  readonly signatureSeedBytes: number
}

/**
 * All the cryptography of one MLS cipher suite (RFC 9420 §5.1, §17.1) as one synchronous object.
 *
 * - Nothing here draws randomness: key pairs and encapsulations are derived from seeds that the caller draws, so that a
 *   whole conversation replays from one seed. A seed must be fresh, secret, and never used twice. The few exceptions
 *   are in {@link CipherSuite.drawsRandomness}.
 * - Arguments are borrowed for the call; results are owned by the caller.
 * - What depends on a peer's bytes **returns** `undefined` or `false`: a bad tag, a bad point, a wrong length. A wrong
 *   length of the caller's own key or nonce throws `RangeError`.
 * - Plain HKDF and HPKE only: labels ("MLS 1.0 …", RFC 9420 §5.1.2–3, §8) belong to the protocol above.
 */
export interface CipherSuite {
  /** IANA "MLS Cipher Suites" code point. */
  readonly id: number
  /** The registered name, such as `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519`. */
  readonly name: string
  readonly sizes: CipherSuiteSizes
  /**
   * The exceptions to "nothing here draws randomness", for primitives of a platform that take none: `sign` for ECDSA of
   * OpenSSL, `seal` for its ML-KEM. A conversation then differs in bytes from its replay, and in nothing else. Absent
   * means none.
   */
  readonly drawsRandomness?: ReadonlySet<"sign" | "seal">

  hash(data: Uint8Array): Uint8Array
  /** HMAC with the suite's hash (RFC 2104). */
  mac(key: Uint8Array, data: Uint8Array): Uint8Array
  /** HKDF-Extract (RFC 5869 §2.2). */
  extract(salt: Uint8Array, inputKeyMaterial: Uint8Array): Uint8Array
  /** HKDF-Expand (RFC 5869 §2.3). @throws RangeError above 255 × hashBytes */
  expand(pseudoRandomKey: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array

  /** AEAD encryption; the result is ciphertext ‖ tag. The caller guarantees that (key, nonce) is used once. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The plaintext, or `undefined` if the tag does not verify. */
  aeadOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined

  /** A signature key pair from `signatureSeedBytes` of entropy. */
  signatureKeyPair(seed: Uint8Array): KeyPair
  /** The public key of a private one, or `undefined` where the private key is not one. */
  signaturePublicKey(privateKey: Uint8Array): Uint8Array | undefined
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** False for a wrong signature and for a public key that is not one. Strict: no malleable encodings. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /**
   * The index of the first check that fails, or −1: what {@link verify} would say of each in turn. Only suites that are faster
   * at many than one by one have it.
   */
  verifyAll?(checks: readonly SignatureCheck[]): number

  /** DeriveKeyPair (RFC 9180 §4): the KEM key pair of a seed of at least `kemSeedBytes`. */
  kemKeyPair(seed: Uint8Array): KeyPair
  /** The public key of a private one, or `undefined` where the private key is not one. */
  kemPublicKey(privateKey: Uint8Array): Uint8Array | undefined
  /**
   * Drops what the suite remembers of a private key, for suites that do. Call it when the key is deleted: zeroing the
   * caller's bytes does not reach what was imported from them.
   */
  forgetPrivateKey?(privateKey: Uint8Array): void
  /** True if `publicKey` can be encapsulated to (RFC 9180 §7.1.4; RFC 9420 §7.3 asks for it on leaf nodes). */
  kemPublicKeyIsValid(publicKey: Uint8Array): boolean

  /**
   * Hashes an `info` once for many recipients: that of a Welcome is as long as the whole tree, and each newcomer has a
   * ciphertext.
   */
  hpkeInfo(info: Uint8Array): HpkeInfo
  /**
   * SealBase (RFC 9180 §6.1).
   *
   * @param info - Or what {@link hpkeInfo} of this suite made of it.
   * @param seed - `kemSeedBytes` of entropy for the ephemeral key.
   * @returns `undefined` if `publicKey` is not a usable key of the suite's KEM.
   */
  hpkeSeal(
    publicKey: Uint8Array,
    info: Uint8Array | HpkeInfo,
    aad: Uint8Array,
    plaintext: Uint8Array,
    seed: Uint8Array,
  ): HpkeSealed | undefined
  /** OpenBase (RFC 9180 §6.1). `undefined` for anything that does not open. */
  hpkeOpen(privateKey: Uint8Array, info: Uint8Array, aad: Uint8Array, sealed: HpkeSealed): Uint8Array | undefined
  /** SendExportBase (RFC 9180 §6.2), for external commits (RFC 9420 §8.3). */
  hpkeSendExport(
    publicKey: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    lengthBytes: number,
    seed: Uint8Array,
  ): { readonly kemOutput: Uint8Array; readonly secret: Uint8Array } | undefined
  /** ReceiveExportBase (RFC 9180 §6.2). */
  hpkeReceiveExport(
    privateKey: Uint8Array,
    kemOutput: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    lengthBytes: number,
  ): Uint8Array | undefined
}

import { Buffer } from "node:buffer"
import { type AsymmetricKeyType, createPrivateKey, createPublicKey, hash, type KeyObject } from "node:crypto"
import { CURVE25519_BYTES } from "../curve25519.ts"
import { ED448_BYTES, X448_BYTES } from "../curve448.ts"
import { KeyCache } from "../key-cache.ts"
import { ML_KEM_768_SEED_BYTES } from "../ml-kem-768.ts"
import { isScalar, NIST_CURVES, type NistCurveName } from "../nist-curves.ts"
import { ownBytes } from "./own-bytes.ts"

/** The algorithms whose keys are imported from raw bytes. */
export type KeyKind = "Ed25519" | "Ed448" | "X25519" | "X448" | NistCurveName | "ML-KEM-768"

/** How many imported keys are kept; beyond that the least recently used is forgotten. */
export interface KeyLimits {
  /** Default 256, and as many in each other form that a library wants: expanded by libsodium, or the public half alone. */
  readonly privateKeys?: number
  /** Default 1024. */
  readonly publicKeys?: number
}

/** A private key ready for use, with its public half. */
export interface ImportedPrivateKey {
  readonly key: KeyObject
  readonly publicKey: Uint8Array
}

interface Import {
  readonly asymmetricKeyType: AsymmetricKeyType
  readonly namedCurve?: string
  readonly privateFormat: "raw-private" | "raw-seed"
  readonly privateKeyIsValid: (bytes: Uint8Array) => boolean
}

const IMPORTS: Readonly<Record<KeyKind, Import>> = {
  Ed25519: ofLength("ed25519", CURVE25519_BYTES),
  Ed448: ofLength("ed448", ED448_BYTES),
  X25519: ofLength("x25519", CURVE25519_BYTES),
  X448: ofLength("x448", X448_BYTES),
  "P-256": onCurve("P-256"),
  "P-384": onCurve("P-384"),
  "P-521": onCurve("P-521"),
  "ML-KEM-768": { ...ofLength("ml-kem-768", ML_KEM_768_SEED_BYTES), privateFormat: "raw-seed" },
}

const KINDS = Object.keys(IMPORTS) as KeyKind[]

/**
 * Imports raw keys (`raw-private` and `raw-public`, Node 26, and 24 from 24.15 on) and keeps a bounded number of them.
 *
 * A private key is kept under its SHA-256, so that no copy of it becomes an immutable string. What is forgotten loses
 * its last reference here, and what is bytes is zeroed. OpenSSL clears the memory of a key when the garbage collector frees
 * it, which is best effort: neither the moment nor the absence of other copies is guaranteed.
 */
export class Keys {
  readonly #private: KeyCache<ImportedPrivateKey>
  readonly #expanded: KeyCache<Uint8Array>
  readonly #halves: KeyCache<Uint8Array>
  readonly #public: KeyCache<KeyObject>

  constructor(limits: KeyLimits = {}) {
    const { privateKeys = 256, publicKeys = 1024 } = limits
    this.#private = new KeyCache(privateKeys)
    this.#expanded = new KeyCache(privateKeys, (expanded) => expanded.fill(0))
    this.#halves = new KeyCache(privateKeys)
    this.#public = new KeyCache(publicKeys)
  }

  /** The key, from the cache or imported into it. @throws RangeError for bytes that are no private key */
  private(kind: KeyKind, bytes: Uint8Array): ImportedPrivateKey {
    return this.#private.of(privateName(kind, bytes), () => importPrivateKey(kind, bytes))
  }

  /** `undefined` for a point off the curve, and for a wrong length. */
  public(kind: KeyKind, bytes: Uint8Array): KeyObject | undefined {
    return this.#public.of(publicName(kind, bytes), () => importPublicKey(kind, bytes))
  }

  /** The public half, without keeping the key if it was not kept before. */
  publicHalf(kind: KeyKind, bytes: Uint8Array): Uint8Array {
    const imported = this.#private.peek(privateName(kind, bytes)) ?? importPrivateKey(kind, bytes)
    return imported.publicKey.slice()
  }

  /**
   * The expanded form of a seed, from the cache or made for it. Lent until the next call: it is zeroed when it is forgotten.
   *
   * @param expand - Gives its result away.
   */
  expanded(seed: Uint8Array, expand: () => Uint8Array): Uint8Array {
    return this.#expanded.of(privateDigest(seed), expand)
  }

  /** {@link expanded} if it is kept. */
  peekExpanded(seed: Uint8Array): Uint8Array | undefined {
    return this.#expanded.peek(privateDigest(seed))
  }

  /** The public half of a private key that is not kept itself; the half is. Lent. */
  lentHalf(privateKey: Uint8Array, derive: () => Uint8Array): Uint8Array {
    return this.#halves.of(privateDigest(privateKey), derive)
  }

  forgetPrivate(bytes: Uint8Array): void {
    const digest = privateDigest(bytes)
    for (const kind of KINDS) this.#private.forget(kind + digest)
    this.#expanded.forget(digest)
    this.#halves.forget(digest)
  }

  forgetAll(): void {
    for (const cache of [this.#private, this.#expanded, this.#halves, this.#public]) cache.clear()
  }

  /** Of private keys only, in whatever form. */
  get privateKeyCount(): number {
    return this.#private.size + this.#expanded.size
  }
}

/** Not cached: for ephemeral keys. @throws RangeError for bytes that are no private key */
export function importPrivateKey(kind: KeyKind, bytes: Uint8Array): ImportedPrivateKey {
  const { privateKeyIsValid, privateFormat: format, ...type } = IMPORTS[kind]
  // OpenSSL itself imports 0 and scalars beyond the order.
  if (!privateKeyIsValid(bytes)) throw new RangeError(`not a private key of ${kind}`)
  const key = createPrivateKey({ key: viewOf(bytes), format, ...type })
  return { key, publicKey: ownBytes(createPublicKey(key).export({ format: "raw-public" })) }
}

/** Not cached. `undefined` where OpenSSL sees no key. */
export function importPublicKey(kind: KeyKind, bytes: Uint8Array): KeyObject | undefined {
  const { asymmetricKeyType, namedCurve } = IMPORTS[kind]
  try {
    return createPublicKey({ key: viewOf(bytes), format: "raw-public", asymmetricKeyType, namedCurve })
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_INVALID_ARG_VALUE") return undefined
    throw error
  }
}

function ofLength(asymmetricKeyType: AsymmetricKeyType, privateKeyBytes: number): Import {
  return {
    asymmetricKeyType,
    privateFormat: "raw-private",
    privateKeyIsValid: (bytes) => bytes.length === privateKeyBytes,
  }
}

function onCurve(name: NistCurveName): Import {
  return {
    asymmetricKeyType: "ec",
    namedCurve: name,
    privateFormat: "raw-private",
    privateKeyIsValid: (bytes) => isScalar(NIST_CURVES[name], bytes),
  }
}

function privateName(kind: KeyKind, bytes: Uint8Array): string {
  return kind + privateDigest(bytes)
}

function privateDigest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "latin1")
}

function publicName(kind: KeyKind, bytes: Uint8Array): string {
  return kind + viewOf(bytes).toString("latin1")
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

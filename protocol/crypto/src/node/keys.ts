import { Buffer } from "node:buffer"
import { createPrivateKey, createPublicKey, hash, type KeyObject } from "node:crypto"
import { CURVE25519_BYTES } from "../curve25519.ts"
import { KeyCache } from "../key-cache.ts"
import { ownBytes } from "./own-bytes.ts"

/** The algorithms whose keys are imported from 32 raw bytes. */
export type RawKeyType = "ed25519" | "x25519"

/** How many imported keys are kept; beyond that the least recently used is forgotten. */
export interface KeyLimits {
  /** Default 256. */
  readonly privateKeys?: number
  /** Default 1024. */
  readonly publicKeys?: number
}

/** A private key ready for use, with its public half. */
export interface ImportedPrivateKey {
  readonly key: KeyObject
  readonly publicKey: Uint8Array
}

/**
 * Imports raw keys (`raw-private` and `raw-public`, Node 24 and later) and keeps a bounded number of them.
 *
 * A private key is kept under its SHA-256, so that no copy of it becomes an immutable string. What is forgotten loses
 * its last reference here; OpenSSL clears the memory of a key when the garbage collector frees it, which is best effort:
 * neither the moment nor the absence of other copies is guaranteed.
 */
export class Keys {
  readonly #private: KeyCache<ImportedPrivateKey>
  readonly #public: KeyCache<KeyObject>

  constructor(limits: KeyLimits = {}) {
    this.#private = new KeyCache(limits.privateKeys ?? 256)
    this.#public = new KeyCache(limits.publicKeys ?? 1024)
  }

  /** The key, from the cache or imported into it. */
  private(type: RawKeyType, bytes: Uint8Array): ImportedPrivateKey {
    return this.#private.of(privateName(type, bytes), () => importPrivateKey(type, bytes))
  }

  public(type: RawKeyType, bytes: Uint8Array): KeyObject {
    return this.#public.of(publicName(type, bytes), () => importPublicKey(type, bytes))
  }

  /** The public half, without keeping the key if it was not kept before. */
  publicHalf(type: RawKeyType, bytes: Uint8Array): Uint8Array {
    const imported = this.#private.peek(privateName(type, bytes)) ?? importPrivateKey(type, bytes)
    return imported.publicKey.slice()
  }

  forgetPrivate(bytes: Uint8Array): void {
    this.#private.forget(privateName("ed25519", bytes))
    this.#private.forget(privateName("x25519", bytes))
  }

  forgetAll(): void {
    this.#private.clear()
    this.#public.clear()
  }

  get privateKeyCount(): number {
    return this.#private.size
  }
}

/** Not cached: for ephemeral keys. @throws RangeError for a wrong length */
export function importPrivateKey(type: RawKeyType, bytes: Uint8Array): ImportedPrivateKey {
  if (bytes.length !== CURVE25519_BYTES) throw new RangeError(`a private ${type} key has ${CURVE25519_BYTES} bytes`)
  const key = createPrivateKey({
    key: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    format: "raw-private",
    asymmetricKeyType: type,
  })
  return { key, publicKey: ownBytes(createPublicKey(key).export({ format: "raw-public" })) }
}

/** Not cached. The caller has checked the length. */
export function importPublicKey(type: RawKeyType, bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    format: "raw-public",
    asymmetricKeyType: type,
  })
}

function privateName(type: RawKeyType, bytes: Uint8Array): string {
  return type + hash("sha256", bytes, "latin1")
}

function publicName(type: RawKeyType, bytes: Uint8Array): string {
  return type + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")
}

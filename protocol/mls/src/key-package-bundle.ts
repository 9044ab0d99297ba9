import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { decodeWhole, DecodeError, encode, equalBytes } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import type { Capabilities } from "./capabilities.ts"
import type { Credential } from "./credential.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { drawGrease, withGrease } from "./grease.ts"
import type { GreaseUse } from "./grease.ts"
import { decodeKeyPackage, keyPackageRef, signKeyPackage } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import { signLeafNode } from "./leaf-node.ts"
import { lifetimeFrom } from "./lifetime.ts"
import { firstLeaf } from "./first-leaf.ts"
import { encodeMlsMessage } from "./mls-message.ts"

const STATE_VERSION = 1
const EMPTY = new Uint8Array(0)

/** What {@link createKeyPackage} needs. */
export interface KeyPackageOptions {
  readonly suite: CipherSuite
  readonly credential: Credential
  /** The key that the leaf signs with. Borrowed for the call. */
  readonly signatureKeys: KeyPair
  readonly nowMs: number
  readonly lifetimeMs: number
  readonly random: Random
  /** True for a package that may be used more than once when all others are gone (RFC 9420 §16.8). */
  readonly lastResort?: boolean
  /** Extensions of the key package. */
  readonly extensions?: readonly Extension[]
  /** Extensions of the leaf node, which the group will see. */
  readonly leafExtensions?: readonly Extension[]
  /** What to claim support for beside the suite, mls10 and the credential's own type. */
  readonly capabilities?: Partial<Capabilities>
  /** Which values that mean nothing to put in (RFC 9420 §13.5). Default `capabilities`. */
  readonly grease?: GreaseUse
}

/**
 * A key package with the private keys behind it.
 *
 * Dispose it and delete its stored bytes after the first join, unless it is a last-resort package: the init key opens
 * the Welcome, and with it the group's first epoch, for whoever finds it later.
 */
export class KeyPackageBundle implements Disposable {
  /** What is published: an MLSMessage of a key package. */
  readonly keyPackage: Uint8Array
  /** KeyPackageRef (RFC 9420 §5.2). */
  readonly ref: Uint8Array
  readonly isLastResort: boolean
  readonly decoded: KeyPackage
  readonly #suite: CipherSuite
  #privateKeys: PrivateKeys | undefined

  private constructor(suite: CipherSuite, decoded: KeyPackage, privateKeys: PrivateKeys) {
    this.decoded = decoded
    this.keyPackage = encodeMlsMessage({ kind: "key_package", message: decoded })
    this.ref = keyPackageRef(suite, decoded)
    this.isLastResort = findExtension(decoded.extensions, EXTENSION_TYPES.lastResort) !== undefined
    this.#suite = suite
    this.#privateKeys = privateKeys
  }

  /**
   * Pairs a key package with its private keys. Takes ownership of them.
   *
   * @throws RangeError if a private key does not belong to the public one
   */
  static of(suite: CipherSuite, decoded: KeyPackage, privateKeys: PrivateKeys): KeyPackageBundle {
    if (!belong(suite, decoded, privateKeys)) throw new RangeError("a private key is not that of the key package")
    return new KeyPackageBundle(suite, decoded, privateKeys)
  }

  /** {@link of} for private keys that were checked, or just made together with their public ones. Takes ownership. */
  static ofNew(suite: CipherSuite, decoded: KeyPackage, privateKeys: PrivateKeys): KeyPackageBundle {
    return new KeyPackageBundle(suite, decoded, privateKeys)
  }

  /** The private keys, borrowed; `undefined` once the bundle was disposed. */
  get privateKeys(): PrivateKeys | undefined {
    return this.#privateKeys
  }

  /** Everything, private keys included, for a store that encrypts. @throws TypeError once the bundle was disposed */
  toBytes(): Uint8Array {
    const keys = this.#privateKeys
    if (keys === undefined) throw new TypeError("the key package bundle was disposed")
    return encode((writer) =>
      writer
        .uint8(STATE_VERSION)
        .uint16(this.#suite.id)
        .vector(this.decoded.encoded)
        .vector(keys.initPrivateKey)
        .vector(keys.encryptionPrivateKey),
    )
  }

  /** Zeroes the private keys; no Welcome can be opened with this bundle any more. */
  [Symbol.dispose](): void {
    const keys = this.#privateKeys
    for (const key of keys === undefined ? [] : [keys.initPrivateKey, keys.encryptionPrivateKey]) {
      this.#suite.forgetPrivateKey?.(key)
      key.fill(0)
    }
    this.#privateKeys = undefined
  }
}

/** The two private keys behind a key package (RFC 9420 §10). */
export interface PrivateKeys {
  readonly initPrivateKey: Uint8Array
  readonly encryptionPrivateKey: Uint8Array
}

/** Makes a key package to publish (RFC 9420 §10). Draws GREASE and two seeds. */
export function createKeyPackage(options: KeyPackageOptions): KeyPackageBundle {
  const { suite, signatureKeys, random } = options
  const wanted = [...(options.extensions ?? [])]
  if (options.lastResort === true) wanted.push({ extensionType: EXTENSION_TYPES.lastResort, extensionData: EMPTY })
  const grease = drawGrease(random, options.grease)
  const extensions = withGrease(wanted, grease?.keyPackageExtension)
  const init = keyPairFrom(suite, random)
  const encryption = keyPairFrom(suite, random)
  // The leaf lists the extensions of its key package, too (RFC 9420 §10).
  const alsoUsed = extensions.map(({ extensionType }) => extensionType)
  const leafNode = signLeafNode(suite, signatureKeys.privateKey, {
    ...firstLeaf({ ...options, alsoUsed, grease }),
    encryptionKey: encryption.publicKey,
    leafNodeSource: { kind: "key_package", lifetime: lifetimeFrom(options.nowMs, options.lifetimeMs) },
  })
  const keyPackage = signKeyPackage(suite, signatureKeys.privateKey, { initKey: init.publicKey, leafNode, extensions })
  return KeyPackageBundle.ofNew(suite, keyPackage, {
    initPrivateKey: init.privateKey,
    encryptionPrivateKey: encryption.privateKey,
  })
}

/**
 * Reads what {@link KeyPackageBundle.toBytes} wrote.
 *
 * @throws DecodeError if the bytes are anything else, `bad_value` for another suite or keys that do not belong together
 */
export function keyPackageBundleFromBytes(suite: CipherSuite, bytes: Uint8Array): KeyPackageBundle {
  const stored = decodeWhole(bytes, (reader) => {
    if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
    if (reader.uint16() !== suite.id) throw new DecodeError("bad_value", 1)
    return {
      keyPackage: decodeKeyPackage(reader.vector().slice()),
      initPrivateKey: reader.vector().slice(),
      encryptionPrivateKey: reader.vector().slice(),
    }
  })
  const { keyPackage, ...privateKeys } = stored
  if (!belong(suite, keyPackage, privateKeys)) throw new DecodeError("bad_value", 0)
  return KeyPackageBundle.ofNew(suite, keyPackage, privateKeys)
}

/** The cipher suite of what {@link KeyPackageBundle.toBytes} wrote; `undefined` where it wrote no such thing. Reads nothing else. */
export function cipherSuiteOfBundle(bytes: Uint8Array): number | undefined {
  const [version, high, low] = bytes
  return version === STATE_VERSION && high !== undefined && low !== undefined ? (high << 8) | low : undefined
}

/** A fresh KEM key pair; the seed is zeroed. */
export function keyPairFrom(suite: CipherSuite, random: Random): KeyPair {
  const seed = random(suite.sizes.kemSeedBytes)
  const keyPair = suite.kemKeyPair(seed)
  seed.fill(0)
  return keyPair
}

/** True if the private keys are those of the public ones in the package. */
function belong(suite: CipherSuite, { initKey, leafNode }: KeyPackage, privateKeys: PrivateKeys): boolean {
  const { initPrivateKey, encryptionPrivateKey } = privateKeys
  return isPair(suite, initPrivateKey, initKey) && isPair(suite, encryptionPrivateKey, leafNode.encryptionKey)
}

function isPair(suite: CipherSuite, privateKey: Uint8Array, publicKey: Uint8Array): boolean {
  const derived = suite.kemPublicKey(privateKey)
  return derived !== undefined && equalBytes(derived, publicKey)
}

import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { IdentityKey, Random } from "@qpc/wire"

/** A key package and the private keys behind it, for its owner's store. */
export interface KeyPackageBundle extends Disposable {
  /** What is published: an MLSMessage of a key package (RFC 9420 §6, §10). */
  readonly keyPackage: Uint8Array
  /** KeyPackageRef (RFC 9420 §5.2): names it in a Welcome. */
  readonly ref: Uint8Array
  /** With the private keys, for a store that encrypts. */
  toBytes(): Uint8Array
}

/** What {@link createKeyPackages} needs. */
export interface KeyPackageOptions {
  readonly suite: CipherSuite
  /** The device's Ed25519 key pair; its public half is the identity key. Borrowed for the call. */
  readonly identity: KeyPair
  readonly random: Random
  readonly nowMs: number
  /** 1 to 1000. */
  readonly count: number
  /** How long the packages may be used. Default 24 hours. */
  readonly lifetimeMs?: number
  /** May be used more than once, when the stock has run out (RFC 9420 §16.8). Default false. */
  readonly lastResort?: boolean
}

/** What {@link inspectKeyPackage} found. */
export type InspectedKeyPackage =
  | { readonly kind: "valid"; readonly identityKey: IdentityKey; readonly ref: Uint8Array }
  | { readonly kind: "rejected"; readonly reason: string }

/** Makes key packages to publish. @throws RangeError for another `count` */
export function createKeyPackages(_options: KeyPackageOptions): readonly KeyPackageBundle[] {
  throw new Error("unreachable: replaced before use")
}

/** Restores what {@link KeyPackageBundle.toBytes} stored. @throws DecodeError for anything else */
export function keyPackageBundleFromBytes(_suite: CipherSuite, _bytes: Uint8Array): KeyPackageBundle {
  throw new Error("unreachable: replaced before use")
}

/**
 * Says whose key package this is, and whether it may be invited with now. Compare the identity key with the one pinned
 * for the contact: the server that handed the package out is not trusted with that.
 */
export function inspectKeyPackage(_suite: CipherSuite, _keyPackage: Uint8Array, _nowMs: number): InspectedKeyPackage {
  throw new Error("unreachable: replaced before use")
}

import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { once } from "./once.ts"

/**
 * What we use of libsodium, through the addon `sodium-native`. It writes into arrays that the caller brings, and throws where
 * a length is wrong.
 *
 * Hand it no secret in an array of 64 bytes or less of its own: such arrays live in the engine's heap, and the engine leaves a
 * copy there when an addon asks for the memory. Views of larger memory, such as those of `withScratch`, stay where they are.
 */
export interface SodiumNative {
  /** @param expandedKey - 64 bytes: the seed with the public key behind it. Secret. */
  crypto_sign_seed_keypair(publicKey: Uint8Array, expandedKey: Uint8Array, seed: Uint8Array): void
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, expandedKey: Uint8Array): void
  /** @returns `true` if it verifies; on old versions of Node not always `false` if it does not. */
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): unknown
  crypto_scalarmult_base(publicKey: Uint8Array, privateKey: Uint8Array): void
  /** Throws if the secret is zero (RFC 7748 §6.1). */
  crypto_scalarmult(secret: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): void
  crypto_hash_sha256(digest: Uint8Array, data: Uint8Array): void
}

/** How a suite finds libsodium when it first needs it; `undefined` means to do without. */
export type FindSodium = () => SodiumNative | undefined

/** Why it may be absent: not installed, no binary for this platform, addons or the reading of files forbidden. */
const ABSENT: ReadonlySet<unknown> = new Set([
  "MODULE_NOT_FOUND",
  "ADDON_NOT_FOUND",
  "CANNOT_LOAD",
  "ERR_ACCESS_DENIED",
])

/**
 * libsodium, or `undefined` where it cannot be loaded. Loading takes some ten milliseconds, once, and only those who sign,
 * derive keys or agree on them ever pay.
 */
export const findSodiumNative: FindSodium = once(() => {
  const require = createRequire(import.meta.url)
  try {
    const isThere = bringsBinaryFor(dirname(require.resolve("sodium-native/package.json")), platformName())
    return isThere ? (require("sodium-native") as SodiumNative) : undefined
  } catch (error) {
    if (error instanceof Error && "code" in error && ABSENT.has(error.code)) return undefined
    throw error
  }
})

/**
 * True if the package itself has a binary for the platform. Its loader must not be asked otherwise: it would go on to look for
 * one in a folder `prebuilds` beside the package and in every folder above, up to the root, where others may be able to write.
 */
export function bringsBinaryFor(packageFolder: string, platform: string): boolean {
  return existsSync(join(packageFolder, "prebuilds", platform, "sodium-native.node"))
}

/** As the loader of `sodium-native` calls it. */
function platformName(): string {
  const { platform, arch } = process
  return `${platform}-${arch}${existsSync("/etc/alpine-release") ? "-musl" : ""}`
}

/** For suites that use node:crypto alone. */
export const findNoSodium: FindSodium = () => undefined

import { createRequire } from "node:module"
import { versions } from "node:process"
import { findNoSodium, findSodiumNative, type FindSodium } from "./sodium-native.ts"

/**
 * Whose code a suite on Node may run: `fastest` takes libsodium (the optional package `sodium-native`) for Ed25519, X25519 and
 * short HMAC-SHA-256, and OpenSSL for the rest and wherever libsodium cannot be loaded. Both give the same answers.
 */
export type Libraries = "fastest" | "node:crypto"

/** The way to libsodium that a choice leaves open. @throws RangeError for any other word */
export function sodiumFor(libraries: Libraries): FindSodium {
  if (libraries === "fastest") return findSodiumNative
  if (libraries === "node:crypto") return findNoSodium
  throw new RangeError(`libraries are "fastest" or "node:crypto", not ${JSON.stringify(libraries)}`)
}

/** Names and versions, for reports, such as `sodium-native 5.1.0, OpenSSL 3.5.4`. */
export function nameLibraries(findSodium: FindSodium): string {
  const openssl = `OpenSSL ${versions.openssl}`
  return findSodium() === undefined ? openssl : `sodium-native ${sodiumVersion()}, ${openssl}`
}

function sodiumVersion(): string {
  const { version } = createRequire(import.meta.url)("sodium-native/package.json") as { readonly version: string }
  return version
}

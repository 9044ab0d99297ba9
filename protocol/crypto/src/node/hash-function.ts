import { createHmac, hash } from "node:crypto"
import type { HashFunction, HashName } from "../primitives.ts"
import { ownBytes } from "./own-bytes.ts"
import type { FindSodium, SodiumNative } from "./sodium-native.ts"

/** Of SHA-256. */
const [BLOCK_BYTES, HASH_BYTES] = [64, 32]
/** Beyond this OpenSSL is faster, whose call is dearer and which uses the processor's instructions for SHA-256. */
const SHORT_BYTES = 256
/** RFC 2104 §2. */
const [INNER_PAD, OUTER_PAD] = [0x36, 0x5c]

/** The hashes of OpenSSL; HMAC-SHA-256 of short inputs on libsodium. */
export function nodeHash(name: HashName, findSodium: FindSodium): HashFunction {
  return name === "SHA-256" ? sha256(findSodium) : OPENSSL[name]
}

const OPENSSL: Readonly<Record<HashName, HashFunction>> = {
  "SHA-256": hashFunctionOf("sha256", 0x0001, HASH_BYTES),
  "SHA-384": hashFunctionOf("sha384", 0x0002, 48),
  "SHA-512": hashFunctionOf("sha512", 0x0003, 64),
}

function hashFunctionOf(name: string, kdfId: number, hashBytes: number): HashFunction {
  // Asked for by every exporter without context (RFC 9420 §8.5).
  const ofNothing = new Uint8Array(hash(name, new Uint8Array(0), "buffer"))
  return {
    kdfId,
    hashBytes,
    hash(data) {
      if (data.length === 0) return ofNothing.slice()
      // By way of a string, because Node takes three times as long to make a Buffer. A digest is no secret; a MAC may be one.
      const characters = hash(name, data, "latin1")
      const digest = new Uint8Array(hashBytes)
      for (let at = 0; at < hashBytes; at++) digest[at] = characters.charCodeAt(at)
      return digest
    },
    mac: (key, data) => ownBytes(createHmac(name, key).update(data).digest()),
  }
}

function sha256(findSodium: FindSodium): HashFunction {
  const openssl = OPENSSL["SHA-256"]
  const shortMac = (key: Uint8Array, data: Uint8Array, last?: number): Uint8Array | undefined => {
    const isShort = key.length <= BLOCK_BYTES && data.length <= SHORT_BYTES
    const sodium = isShort ? findSodium() : undefined
    return sodium && hmacSha256(sodium, key, data, last)
  }
  return {
    ...openssl,
    mac: (key, data) => shortMac(key, data) ?? openssl.mac(key, data),
    expandedBlock: (key, info) => shortMac(key, info, 1),
  }
}

const inner = new Uint8Array(BLOCK_BYTES + SHORT_BYTES + 1)
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES)
const outerInput = outer.subarray(BLOCK_BYTES)
/** Not a small array of its own, see `SodiumNative`. */
const result = new Uint8Array(new ArrayBuffer(HASH_BYTES))

/**
 * HMAC (RFC 2104 §2) as its definition says, for a key of up to a block and data of up to `SHORT_BYTES`, with the byte `last`
 * behind them if there is one. Two calls of libsodium cost less than one `createHmac`.
 *
 * Works in memory of this module, which is zero between calls: making views of borrowed memory would cost a quarter more.
 */
function hmacSha256(sodium: SodiumNative, key: Uint8Array, data: Uint8Array, last: number | undefined): Uint8Array {
  inner.fill(INNER_PAD, 0, BLOCK_BYTES)
  outer.fill(OUTER_PAD, 0, BLOCK_BYTES)
  for (let at = 0; at < key.length; at++) {
    inner[at]! ^= key[at]!
    outer[at]! ^= key[at]!
  }
  let end = BLOCK_BYTES + data.length
  inner.set(data, BLOCK_BYTES)
  if (last !== undefined) inner[end++] = last
  try {
    sodium.crypto_hash_sha256(outerInput, inner.subarray(0, end))
    sodium.crypto_hash_sha256(result, outer)
    return result.slice()
  } finally {
    inner.fill(0, 0, end)
    outer.fill(0)
    result.fill(0)
  }
}

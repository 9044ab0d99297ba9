import { createHmac, hash } from "node:crypto"
import { withScratch } from "@qpc/wire"
import type { HashFunction, HashName } from "../primitives.ts"
import { ownBytes } from "./own-bytes.ts"
import type { FindSodium, SodiumNative } from "./sodium-native.ts"

const SHA_256 = { blockBytes: 64, hashBytes: 32 } as const
/** Beyond this OpenSSL is faster, whose call is dearer and which uses the processor's instructions for SHA-256. */
const SHORT_BYTES = 256
/** RFC 2104 §2. */
const [INNER_PAD, OUTER_PAD] = [0x36, 0x5c]

/** The hashes of OpenSSL; HMAC-SHA-256 of short inputs on libsodium. */
export function nodeHash(name: HashName, findSodium: FindSodium): HashFunction {
  return name === "SHA-256" ? sha256(findSodium) : OPENSSL[name]
}

const OPENSSL: Readonly<Record<HashName, HashFunction>> = {
  "SHA-256": hashFunctionOf("sha256", 0x0001, SHA_256.hashBytes),
  "SHA-384": hashFunctionOf("sha384", 0x0002, 48),
  "SHA-512": hashFunctionOf("sha512", 0x0003, 64),
}

function hashFunctionOf(name: string, kdfId: number, hashBytes: number): HashFunction {
  return {
    kdfId,
    hashBytes,
    hash(data) {
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
  return {
    ...openssl,
    mac(key, data) {
      const isShort = key.length <= SHA_256.blockBytes && data.length <= SHORT_BYTES
      const sodium = isShort ? findSodium() : undefined
      return sodium === undefined ? openssl.mac(key, data) : shortHmacSha256(sodium, key, data)
    },
  }
}

/** HMAC (RFC 2104 §2) as its definition says, for a key of up to a block. Two calls of libsodium cost less than one `createHmac`. */
function shortHmacSha256(sodium: SodiumNative, key: Uint8Array, data: Uint8Array): Uint8Array {
  const { blockBytes, hashBytes } = SHA_256
  const innerBytes = blockBytes + data.length
  const outerEnd = innerBytes + blockBytes + hashBytes
  return withScratch(outerEnd + hashBytes, (scratch) => {
    const inner = scratch.subarray(0, innerBytes)
    const outer = scratch.subarray(innerBytes, outerEnd)
    inner.fill(INNER_PAD, 0, blockBytes)
    outer.fill(OUTER_PAD, 0, blockBytes)
    for (let at = 0; at < key.length; at++) {
      inner[at]! ^= key[at]!
      outer[at]! ^= key[at]!
    }
    inner.set(data, blockBytes)
    sodium.crypto_hash_sha256(outer.subarray(blockBytes), inner)
    const mac = scratch.subarray(outerEnd)
    sodium.crypto_hash_sha256(mac, outer)
    return mac.slice()
  })
}

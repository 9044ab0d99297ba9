import { hmac } from "@noble/hashes/hmac.js"
import * as sha2 from "@noble/hashes/sha2.js"
import type { HashFunction } from "../primitives.ts"

export const sha256: HashFunction = {
  kdfId: 0x0001,
  hashBytes: 32,
  hash: (data) => sha2.sha256(data),
  mac: (key, data) => hmac(sha2.sha256, key, data),
}

export const sha384: HashFunction = {
  kdfId: 0x0002,
  hashBytes: 48,
  hash: (data) => sha2.sha384(data),
  mac: (key, data) => hmac(sha2.sha384, key, data),
}

export const sha512: HashFunction = {
  kdfId: 0x0003,
  hashBytes: 64,
  hash: (data) => sha2.sha512(data),
  mac: (key, data) => hmac(sha2.sha512, key, data),
}

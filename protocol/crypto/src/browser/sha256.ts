import { hmac } from "@noble/hashes/hmac.js"
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js"
import type { HashFunction } from "../primitives.ts"

export const sha256: HashFunction = {
  kdfId: 0x0001,
  hashBytes: 32,
  hash: (data) => nobleSha256(data),
  mac: (key, data) => hmac(nobleSha256, key, data),
}

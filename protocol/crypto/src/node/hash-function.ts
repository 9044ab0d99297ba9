import { createHmac, hash } from "node:crypto"
import type { HashFunction } from "../primitives.ts"
import { ownBytes } from "./own-bytes.ts"

export const sha256: HashFunction = hashFunctionOf("sha256", 0x0001, 32)
export const sha384: HashFunction = hashFunctionOf("sha384", 0x0002, 48)
export const sha512: HashFunction = hashFunctionOf("sha512", 0x0003, 64)

function hashFunctionOf(name: string, kdfId: number, hashBytes: number): HashFunction {
  return {
    kdfId,
    hashBytes,
    hash: (data) => ownBytes(hash(name, data, "buffer")),
    mac: (key, data) => ownBytes(createHmac(name, key).update(data).digest()),
  }
}

import { createHmac, hash } from "node:crypto"
import type { HashFunction } from "../primitives.ts"
import { ownBytes } from "./own-bytes.ts"

export const sha256: HashFunction = {
  kdfId: 0x0001,
  hashBytes: 32,
  hash: (data) => ownBytes(hash("sha256", data, "buffer")),
  mac: (key, data) => ownBytes(createHmac("sha256", key).update(data).digest()),
}

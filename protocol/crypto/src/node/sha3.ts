import { hash } from "node:crypto"
import type { Sha3 } from "../primitives.ts"
import { ownBytes } from "./own-bytes.ts"

/** FIPS 202. */
export const sha3: Sha3 = {
  sha3256: (data) => ownBytes(hash("sha3-256", data, "buffer")),
  shake256: (data, outputLength) => ownBytes(hash("shake256", data, { outputEncoding: "buffer", outputLength })),
}

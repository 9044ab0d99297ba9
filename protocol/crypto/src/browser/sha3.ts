import { sha3_256, shake256 } from "@noble/hashes/sha3.js"
import type { Sha3 } from "../primitives.ts"

/** FIPS 202. */
export const sha3: Sha3 = {
  sha3256: (data) => sha3_256(data),
  shake256: (data, dkLen) => shake256(data, { dkLen }),
}

import { randomFillSync } from "node:crypto"
import type { Random } from "@qpc/wire"

/** Randomness of the operating system, as fresh memory. @throws RangeError for a negative or fractional length */
export const nodeRandom: Random = (lengthBytes) => randomFillSync(new Uint8Array(lengthBytes))

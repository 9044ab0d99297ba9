import { randomFillSync } from "node:crypto"
import type { Random } from "@qpc/wire"

/** Randomness of the operating system, as fresh memory. @throws RangeError unless the length is a natural number */
export const nodeRandom: Random = (lengthBytes) => {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0) throw new RangeError(`no ${lengthBytes} random bytes`)
  return randomFillSync(new Uint8Array(lengthBytes))
}

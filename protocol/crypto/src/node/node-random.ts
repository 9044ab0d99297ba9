import { randomFillSync } from "node:crypto"
import type { Random } from "@qpc/wire"

/** Reuse guards, ids and the like. Seeds of keys are longer and never wait in memory. */
const SHORT_BYTES = 16
const POOL_BYTES = 1024

/** Drawn at once, because one draw costs far more than a few bytes; zero where it was given away. */
const pool = new Uint8Array(POOL_BYTES)
let poolUsed = POOL_BYTES

/** Randomness of the operating system, as fresh memory. @throws RangeError unless the length is a natural number */
export const nodeRandom: Random = (lengthBytes) => {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0) throw new RangeError(`no ${lengthBytes} random bytes`)
  return lengthBytes <= SHORT_BYTES ? short(lengthBytes) : randomFillSync(new Uint8Array(lengthBytes))
}

function short(lengthBytes: number): Uint8Array {
  if (lengthBytes > POOL_BYTES - poolUsed) {
    randomFillSync(pool)
    poolUsed = 0
  }
  const start = poolUsed
  poolUsed += lengthBytes
  const bytes = pool.slice(start, poolUsed)
  pool.fill(0, start, poolUsed)
  return bytes
}

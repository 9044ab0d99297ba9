import type { CipherSuite } from "@qpc/crypto"
import { toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"

/** Bytes that look random, differ from call to call and repeat from run to run. For vectors and tests only. */
export function countedRandom(suite: CipherSuite, seed: string): Random {
  const key = suite.hash(toUtf8(seed))
  let count = 0
  return (lengthBytes) => suite.expand(key, toUtf8(String(count++)), lengthBytes)
}

import { concatBytes, toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"

/** A suite that watches its own use. */
export interface MonitoredSuite extends CipherSuite {
  /** How many encryptions it has seen. */
  readonly sealedCount: number
}

/** A key and nonce, or a seed of an encapsulation, has been used before; or there is no room to notice it. */
export class NonceMonitorError extends Error {
  override readonly name = "NonceMonitorError"
  readonly code: "nonce_reused" | "seed_reused" | "monitor_full"

  constructor(code: "nonce_reused" | "seed_reused" | "monitor_full", message: string) {
    super(message)
    this.code = code
  }
}

/**
 * A suite for tests that throws when a caller breaks its promise: (key, nonce) sealed twice gives away the XOR of two
 * plaintexts and the key of every tag; an HPKE seed used twice does the same wherever recipient and info repeat.
 *
 * Share one between all members of a test: each seals under keys that the others have too. It keeps a 16-byte digest of
 * each pair, about 100 bytes of memory, and no key. It is full after `limit` and throws then, because a monitor that
 * forgets would let through what it is there for.
 *
 * @param limit - Pairs to remember; one million by default, about 100 MB.
 */
export function monitorNonces(suite: CipherSuite, limit = 1_000_000): MonitoredSuite {
  const seen = new Set<string>()
  let sealedCount = 0

  function note(code: "nonce_reused" | "seed_reused", ...parts: readonly Uint8Array[]): void {
    const digest = toHex(
      suite.hash(concatBytes(Uint8Array.of(code === "nonce_reused" ? 0 : 1), ...parts)).subarray(0, 16),
    )
    if (seen.has(digest)) throw new NonceMonitorError(code, `encryption ${sealedCount} repeats an earlier one`)
    if (seen.size >= limit) throw new NonceMonitorError("monitor_full", `no room beyond ${limit} encryptions`)
    seen.add(digest)
    sealedCount++
  }

  return {
    ...suite,
    get sealedCount() {
      return sealedCount
    },
    aeadSeal(key, nonce, aad, plaintext) {
      const sealed = suite.aeadSeal(key, nonce, aad, plaintext)
      note("nonce_reused", key, nonce)
      return sealed
    },
    hpkeSeal(publicKey, info, aad, plaintext, seed) {
      const sealed = suite.hpkeSeal(publicKey, info, aad, plaintext, seed)
      if (sealed !== undefined) note("seed_reused", sealed.kemOutput)
      return sealed
    },
    hpkeSendExport(publicKey, info, exporterContext, lengthBytes, seed) {
      const sent = suite.hpkeSendExport(publicKey, info, exporterContext, lengthBytes, seed)
      if (sent !== undefined) note("seed_reused", sent.kemOutput)
      return sent
    },
  }
}

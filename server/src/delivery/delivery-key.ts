import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import type { Storage } from "../storage/storage.ts"

/** What the log of epochs takes of a cipher suite: SHA-256 and Ed25519. */
export type LogSuite = Pick<CipherSuite, "hash" | "sign" | "verify" | "signatureKeyPair" | "sizes">

/**
 * Loads the key that signs the log of each channel's epochs, making it at the first start. It lives as long as the process.
 *
 * Clients pin its public half: a server that comes back with another one is another server to them.
 *
 * @throws StorageError
 */
export async function openDeliveryKey(storage: Storage, suite: LogSuite, random: Random): Promise<KeyPair> {
  const seed = await storage.keepFirst("delivery-key-seed", random(suite.sizes.signatureSeedBytes))
  try {
    return suite.signatureKeyPair(seed)
  } finally {
    seed.fill(0)
  }
}

import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { MemoryStore } from "@qpc/sdk"
import type { MemoryDisk } from "@qpc/sdk"
import type { MemoryStorage } from "@qpc/server/core"
import { encode, toIdentityKey, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"

const RECORD_VERSION = 1
/** Longer than anybody plays, also with a clock that jumps. */
const SESSION_MS = 50 * 365 * 24 * 3_600_000

/**
 * Makes an account with a session on both sides, as registering would have left it.
 *
 * Signing up is left out because OPAQUE stretches passwords for half a second and draws randomness that cannot be seeded.
 * The two records are the sdk's (`identityRecord`, `sessionRecord`); if their form changes, no profile opens any more.
 */
export async function enrol(parts: {
  readonly suite: CipherSuite
  readonly random: Random
  readonly username: string
  readonly disk: MemoryDisk
  readonly storage: MemoryStorage
  readonly nowMs: number
}): Promise<KeyPair> {
  const { suite, random, username, disk, storage, nowMs } = parts
  const keys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const identityKey = toIdentityKey(keys.publicKey)
  const token = random(32)
  const expiresAtMs = nowMs + SESSION_MS
  const opaqueRecord = new Uint8Array()
  await storage.createAccount({ username, usernameKey: username, identityKey, opaqueRecord, createdAtMs: nowMs })
  await storage.createSession({ tokenHash: suite.hash(token), identityKey, createdAtMs: nowMs, expiresAtMs }, 16)
  const identity = encode((writer) => {
    writer.uint8(RECORD_VERSION).vector(toUtf8(username)).vector(keys.publicKey).vector(keys.privateKey)
    writer.vector(toUtf8("")).uint8(1)
  })
  const session = encode((writer) => writer.uint8(RECORD_VERSION).vector(token).uint64(BigInt(expiresAtMs)))
  await new MemoryStore(disk).commit([
    { kind: "put", collection: "settings", key: toUtf8("identity"), value: identity },
    { kind: "put", collection: "settings", key: toUtf8("session"), value: session },
  ])
  return keys
}

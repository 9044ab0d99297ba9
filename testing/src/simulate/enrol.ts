import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { MemoryStore } from "@qpc/sdk"
import type { MemoryDisk } from "@qpc/sdk"
import type { MemoryStorage } from "@qpc/server/core"
import { encode, Reader, toDeviceKey, toHex, toIdentityKey, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"

const RECORD_VERSION = 1
const IS_REGISTERED = 1
const IDENTITY = toUtf8("identity")
/** Longer than anybody plays, also with a clock that jumps. */
const SESSION_MS = 50 * 365 * 24 * 3_600_000

/** What somebody is made known with, and to. */
export interface EnrolOptions {
  readonly suite: CipherSuite
  readonly random: Random
  readonly disk: MemoryDisk
  readonly storage: MemoryStorage
  readonly nowMs: number
}

/**
 * Makes an account with a session on both sides, as registering would have left it.
 *
 * Signing up is left out because OPAQUE stretches passwords for half a second and draws randomness that cannot be seeded.
 * The two records are the sdk's (`identityRecord`, `sessionRecord`); if their form changes, no profile opens any more.
 */
export async function enrol(parts: EnrolOptions & { readonly username: string }): Promise<KeyPair> {
  const { suite, random, username, storage, nowMs } = parts
  const keys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const identityKey = toIdentityKey(keys.publicKey)
  const opaqueRecord = new Uint8Array()
  await storage.createAccount({ username, usernameKey: username, identityKey, opaqueRecord, createdAtMs: nowMs })
  const identity = encode((writer) => {
    writer.uint8(RECORD_VERSION).vector(toUtf8(username)).vector(keys.publicKey).vector(keys.privateKey)
    writer.vector(toUtf8("")).uint8(IS_REGISTERED)
  })
  await beginSession(parts, keys.publicKey, identity)
  return keys
}

/**
 * Logs a second device in, as its person would after approving it on the first. The device has shown its request, so its key is on
 * its disk; its certificate is what the server keeps.
 */
export async function enrolSecond(parts: EnrolOptions): Promise<void> {
  const requested = new Reader(parts.disk.collections.get("settings")!.get(toHex(IDENTITY))!)
  if (requested.uint8() !== RECORD_VERSION) throw new Error("unreachable: the sdk writes another record")
  const [username, publicKey, privateKey] = [requested.vector(), requested.vector(), requested.vector()]
  const device = await parts.storage.device(toDeviceKey(publicKey))
  if (device === undefined) throw new Error("unreachable: it was approved")
  const identity = encode((writer) => {
    writer.uint8(RECORD_VERSION).vector(username).vector(publicKey).vector(privateKey)
    writer.vector(toUtf8("")).uint8(IS_REGISTERED)
    writer.optional(device.certificate, (inner, bytes) => inner.vector(bytes)).list([], () => {})
  })
  await beginSession(parts, publicKey, identity)
}

async function beginSession(
  { suite, random, disk, storage, nowMs }: EnrolOptions,
  publicKey: Uint8Array,
  identity: Uint8Array,
): Promise<void> {
  const token = random(32)
  const expiresAtMs = nowMs + SESSION_MS
  const owner = { identityKey: toIdentityKey(publicKey), createdAtMs: nowMs, expiresAtMs }
  await storage.createSession({ tokenHash: suite.hash(token), ...owner }, 16)
  const session = encode((writer) => writer.uint8(RECORD_VERSION).vector(token).uint64(BigInt(expiresAtMs)))
  await new MemoryStore(disk).commit([
    { kind: "put", collection: "settings", key: IDENTITY, value: identity },
    { kind: "put", collection: "settings", key: toUtf8("session"), value: session },
  ])
}

import { encodeEnvelope } from "./envelope.ts"
import type { Envelope } from "./envelope.ts"
import type { LogCrypto } from "./epoch-log.ts"

/** What the log of epochs knows a commit by: the hash of its envelope as its author offered it, without the log label. */
export function commitHash(crypto: Pick<LogCrypto, "hash">, { kind, groupId, epoch, sealed }: Envelope): Uint8Array {
  return crypto.hash(encodeEnvelope({ kind, groupId, epoch, sealed }, { sizeBytes: Number.MAX_SAFE_INTEGER }))
}

import type { CipherSuite } from "@qpc/crypto"
import { decodeServerlessState } from "./serverless-codec.ts"
import type { ServerlessSurroundings } from "./serverless-codec.ts"
import { ServerlessMember } from "./serverless-member.ts"

/**
 * Wakes a stored member.
 *
 * @throws GroupStateError if `bytes` is not what {@link ServerlessMember.toBytes} writes, or belongs to another identity
 */
export function serverlessMemberFromBytes(
  suite: CipherSuite,
  bytes: Uint8Array,
  surroundings: ServerlessSurroundings,
): ServerlessMember {
  return new ServerlessMember(decodeServerlessState(suite, bytes, surroundings))
}

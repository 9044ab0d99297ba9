import { CborFields, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { MEMBER_ID_END } from "../stream.ts"

/** What a member is ready for (READY_FOR_TRANSITION). */
export interface Ready {
  /** Who prepared it: two coordinators may use one number, one coordinator never uses one twice. */
  readonly coordinatorId: number
  /** SHA-256 of the commit. Absent from a newcomer, who does not know the commit: the epoch of its frame names it. */
  readonly commitHash: Uint8Array | undefined
}

const HASH_BYTES = 32
const ARGS_MAX_BYTES = 96

/** The map `coordinator_id` · `commit_hash` (may be absent), in this order. */
export function encodeReady({ coordinatorId, commitHash }: Ready): Uint8Array {
  const map = new Map<string, CborValue>([["coordinator_id", coordinatorId]])
  if (commitHash !== undefined) map.set("commit_hash", commitHash)
  return encodeCbor(map)
}

/** The hash is owned by the caller. @throws DecodeError */
export function decodeReady(args: Uint8Array): Ready {
  const fields = new CborFields(decodeCbor(args, { sizeBytes: ARGS_MAX_BYTES, depth: 1, itemCount: 8 }))
  const coordinatorId = fields.uint("coordinator_id", MEMBER_ID_END - 1)
  const commitHash = fields.nextIs("commit_hash") ? fields.exactly("commit_hash", HASH_BYTES) : undefined
  fields.end()
  return { coordinatorId, commitHash }
}

import { DecodeError, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { MlsMember } from "./mls-member.ts"

/** The transition under way of whoever prepared it. */
interface Coordinating {
  readonly at: "coordinating"
  readonly transitionId: number
  /** Of the arguments of PREPARE: those who are ready are so for this commit. */
  readonly commitHash: Uint8Array
  /** Leaves of everybody who has to be ready: who was in the group before and stays, ourselves excepted. */
  readonly expected: readonly number[]
  readonly ready: ReadonlySet<number>
  /** Too late: only ABORT is left. */
  readonly isOver: boolean
  readonly dueMs: number | undefined
}

/** The transition under way of everybody else. */
export interface Following {
  readonly at: "following"
  readonly transitionId: number
  /** `undefined` for the transition that let us in: its commit is in our Welcome. */
  readonly prepared: { readonly commitHash: Uint8Array; readonly mlsEpoch: bigint } | undefined
  /** EXECUTE came before the commit was processed here. */
  readonly isExecuted: boolean
  /** `undefined` once it was told that it is late. */
  readonly dueMs: number | undefined
}

/** The transition that is under way. */
export type Pending = Coordinating | Following

/** True once the commit of a transition is staged here, or has taken effect. */
export function isProcessed(member: MlsMember, { prepared }: Following): boolean {
  return prepared === undefined || member.holdsReceived(prepared.commitHash) || member.epoch > prepared.mlsEpoch
}

const [COORDINATING, FOLLOWING] = [1, 2]
const HASH_MAX_BYTES = 64

/**
 * Writes it to be stored, without its deadline, which begins anew: u8 = 1 · id u32 · hash · lists of leaves u32 that are expected and
 * ready · over u8, or u8 = 2 · id u32 · commit (optional: hash · epoch u64) · executed u8.
 */
export function writePending(writer: Writer, pending: Pending): void {
  if (pending.at === "coordinating") {
    writer.uint8(COORDINATING).uint32(pending.transitionId).vector(pending.commitHash)
    for (const leaves of [pending.expected, [...pending.ready]]) {
      writer.list(leaves, (inner, leafIndex) => inner.uint32(leafIndex))
    }
    writer.uint8(pending.isOver ? 1 : 0)
    return
  }
  writer.uint8(FOLLOWING).uint32(pending.transitionId)
  writer.optional(pending.prepared, (inner, { commitHash, mlsEpoch }) => inner.vector(commitHash).uint64(mlsEpoch))
  writer.uint8(pending.isExecuted ? 1 : 0)
}

/** @throws DecodeError */
export function readPending(reader: Reader): Pending {
  const at = reader.uint8()
  const transitionId = reader.uint32()
  if (at === COORDINATING) {
    const commitHash = readHash(reader)
    const expected = readList(reader, (inner) => inner.uint32())
    const ready = new Set(readList(reader, (inner) => inner.uint32()))
    return { at: "coordinating", transitionId, commitHash, expected, ready, isOver: readFlag(reader), dueMs: undefined }
  }
  if (at !== FOLLOWING) throw new DecodeError("reserved_value", reader.offset)
  const prepared = readOptional(reader, (inner) => ({ commitHash: readHash(inner), mlsEpoch: inner.uint64() }))
  return { at: "following", transitionId, prepared, isExecuted: readFlag(reader), dueMs: undefined }
}

function readHash(reader: Reader): Uint8Array {
  return reader.vector(HASH_MAX_BYTES).slice()
}

function readFlag(reader: Reader): boolean {
  const flag = reader.uint8()
  if (flag > 1) throw new DecodeError("bad_value", reader.offset)
  return flag === 1
}

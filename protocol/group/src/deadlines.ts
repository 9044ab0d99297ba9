import { DecodeError, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** What a member does at a time of its own; Unix time in milliseconds, `undefined` for never. */
export class Deadlines {
  /** Our keys are to be renewed. */
  updateAtMs: number | undefined
  /** It is our turn to warm the tree. */
  warmAtMs: number | undefined
  /** The commit that the delivery service preferred to ours in this epoch must have come by then. */
  winnerByMs: number | undefined

  /** Writes optional update u64 · optional warm u64 · optional winner u64. */
  write(writer: Writer): void {
    for (const atMs of [this.updateAtMs, this.warmAtMs, this.winnerByMs]) {
      writer.optional(atMs, (inner, ms) => inner.uint64(BigInt(ms)))
    }
  }

  /** @throws DecodeError */
  static read(reader: Reader): Deadlines {
    const deadlines = new Deadlines()
    deadlines.updateAtMs = readOptional(reader, readMs)
    deadlines.warmAtMs = readOptional(reader, readMs)
    deadlines.winnerByMs = readOptional(reader, readMs)
    return deadlines
  }
}

/** The first of some deadlines. */
export function earliest(...deadlines: readonly (number | undefined)[]): number | undefined {
  const set = deadlines.filter((atMs) => atMs !== undefined)
  return set.length === 0 ? undefined : Math.min(...set)
}

function readMs(reader: Reader): number {
  const start = reader.offset
  const ms = reader.uint64()
  if (ms > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return Number(ms)
}

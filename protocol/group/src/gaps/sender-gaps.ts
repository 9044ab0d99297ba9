import type { NumberRun, StreamNumbers } from "@qpc/gbp"
import { DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** Numbers of one sender's texts, `from` and `to` among them, and the epochs that they were sealed in. */
export interface NumberRange {
  readonly from: number
  readonly to: number
  readonly firstEpoch: bigint
  readonly lastEpoch: bigint
}

/** Texts that were sealed and have not come, and how far we are with getting them. */
export interface Gap extends NumberRange {
  /** When the next thing is due: telling of it, or asking somebody. */
  dueAtMs: number
  /** True once people were told. */
  isTold: boolean
  /** How many were asked in a row without one of these texts coming. */
  askCount: number
}

/** What a text changed. */
export interface Noted {
  /** Numbers that nobody waits for any more: this one, or those that its sender gave up. */
  readonly closed: readonly ClosedRange[]
  /** Gaps for which there was no room. */
  readonly forgotten: readonly Gap[]
}

/** A gap, or a part of one, that is none any more. */
export interface ClosedRange extends NumberRange {
  readonly outcome: "delivered" | "given_up"
  readonly isTold: boolean
}

/** How gaps are kept. */
export interface SenderGapsLimits {
  readonly gapWaitMs: number
  readonly gapsPerSender: number
}

/**
 * Which texts of one sender are missing. What it costs does not depend on how many came: the number up to which everything is
 * accounted for, and the gaps below it.
 */
export class SenderGaps {
  readonly since: bigint
  /** Everything below is here, void, or in a gap. */
  #next: number
  /** The epoch of the newest text. */
  #epoch: bigint
  /** Ascending, apart from each other. */
  #gaps: readonly Gap[] = []

  private constructor(since: bigint, next: number, epoch: bigint) {
    this.since = since
    this.#next = next
    this.#epoch = epoch
  }

  /**
   * Begins with a sender's first text. @param ourSince - The first epoch of which we are to have everything: we were not there before
   */
  static begin(numbers: StreamNumbers, ourSince: bigint): SenderGaps {
    const { since, runs } = numbers
    // Who came after us has sent nothing that we need not have.
    const start = since >= ourSince ? 1 : runs.findLast(({ epoch }) => epoch >= ourSince)!.first
    return new SenderGaps(since, start, since >= ourSince ? since : ourSince)
  }

  get gaps(): readonly Gap[] {
    return this.#gaps
  }

  /** Takes in what an authentic text says of its sender's others. */
  note({ number, runs, voids }: StreamNumbers, nowMs: number, limits: SenderGapsLimits): Noted {
    if (number >= this.#next) {
      const dueAtMs = nowMs + limits.gapWaitMs
      const opened = withEpochs({ from: this.#next, to: number - 1 }, runs, this.#epoch)
      const standing = { dueAtMs, isTold: false, askCount: 0 }
      this.#gaps = [...this.#gaps, ...opened.map((range) => Object.assign(range, standing))]
      this.#next = number + 1
      this.#epoch = runs[0]!.epoch
    }
    const closed = [...this.#close(number, "delivered"), ...voids.flatMap((one) => this.#close(one, "given_up"))]
    return { closed, forgotten: this.#makeRoom(limits.gapsPerSender) }
  }

  /** Its sender says that there is nothing to wait for. */
  giveUp(numbers: readonly number[]): readonly ClosedRange[] {
    return numbers.flatMap((one) => this.#close(one, "given_up"))
  }

  /** Takes out the gaps for which there is no hope. */
  takeOut(isHopeless: (gap: Gap) => boolean): readonly Gap[] {
    const hopeless = this.#gaps.filter(isHopeless)
    if (hopeless.length > 0) this.#gaps = this.#gaps.filter((gap) => !hopeless.includes(gap))
    return hopeless
  }

  /** Takes out the numbers of a gap up to `to`, which is in it. For the rest everybody is asked anew. */
  giveUpPart(gap: Gap, to: number, nowMs: number): Gap {
    const rest = to < gap.to ? [{ ...gap, from: to + 1, askCount: 0, dueAtMs: nowMs }] : []
    this.#gaps = this.#gaps.flatMap((one) => (one === gap ? rest : [one]))
    return { ...gap, to }
  }

  #close(number: number, outcome: ClosedRange["outcome"]): readonly ClosedRange[] {
    const gap = this.#gaps.find(({ from, to }) => from <= number && number <= to)
    if (gap === undefined) return []
    const rest = { ...gap, askCount: outcome === "delivered" ? 0 : gap.askCount }
    const parts = [
      { ...rest, to: number - 1 },
      { ...rest, from: number + 1 },
    ].filter(({ from, to }) => from <= to)
    this.#gaps = this.#gaps.flatMap((one) => (one === gap ? parts : [one]))
    const { firstEpoch, lastEpoch, isTold } = gap
    return [{ from: number, to: number, firstEpoch, lastEpoch, outcome, isTold }]
  }

  #makeRoom(gapsPerSender: number): readonly Gap[] {
    const tooMany = this.#gaps.slice(0, Math.max(0, this.#gaps.length - gapsPerSender))
    if (tooMany.length > 0) this.#gaps = this.#gaps.slice(tooMany.length)
    return tooMany
  }

  /** Writes since u64 · next u32 · epoch u64 · list of gaps. */
  write(writer: Writer): void {
    writer.uint64(this.since).uint32(this.#next).uint64(this.#epoch)
    writer.list(this.#gaps, (inner, gap) => {
      inner.uint32(gap.from).uint32(gap.to).uint64(gap.firstEpoch).uint64(gap.lastEpoch)
      inner
        .uint64(BigInt(gap.dueAtMs))
        .uint8(gap.isTold ? 1 : 0)
        .uint8(gap.askCount)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): SenderGaps {
    const read = new SenderGaps(reader.uint64(), reader.uint32(), reader.uint64())
    read.#gaps = readList(reader, readGap)
    const areApart = read.#gaps.every(({ from }, at) => from > (read.#gaps[at - 1]?.to ?? 0))
    if (!areApart || (read.#gaps.at(-1)?.to ?? 0) >= read.#next) throw new DecodeError("bad_value", reader.offset)
    return read
  }
}

/** Cuts a range where its sender's epoch changed. */
function withEpochs(
  range: { readonly from: number; readonly to: number },
  runs: readonly NumberRun[],
  epochBefore: bigint,
): readonly NumberRange[] {
  const ranges: NumberRange[] = []
  let { to } = range
  for (const { epoch, first } of runs) {
    const from = Math.max(first, range.from)
    if (from <= to) ranges.unshift({ from, to, firstEpoch: epoch, lastEpoch: epoch })
    to = Math.min(to, first - 1)
  }
  // Older than what is named: somewhere between the newest text that came and the oldest epoch that is named.
  const lastEpoch = runs.at(-1)!.epoch
  if (range.from <= to) ranges.unshift({ from: range.from, to, firstEpoch: epochBefore, lastEpoch })
  return ranges
}

function readGap(reader: Reader): Gap {
  const start = reader.offset
  const range = { from: reader.uint32(), to: reader.uint32(), firstEpoch: reader.uint64(), lastEpoch: reader.uint64() }
  const gap = { ...range, dueAtMs: Number(reader.uint64()), isTold: reader.uint8() === 1, askCount: reader.uint8() }
  if (gap.from < 1 || gap.from > gap.to || !Number.isSafeInteger(gap.dueAtMs)) throw new DecodeError("bad_value", start)
  return gap
}

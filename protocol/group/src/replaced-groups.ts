import type { CipherSuite } from "@qpc/crypto"
import type { Group, Member, Received, ReceiveOptions } from "@qpc/mls"
import { decodeWhole, DecodeError, encode, recordKey } from "@qpc/wire"
import type { RecordLog, RecordReader, StateRecord } from "@qpc/wire"

/** An MLS group with the suite that it has, and the epochs that there were before it. */
export interface MlsGroup {
  readonly suite: CipherSuite
  readonly group: Group
  /** To be added to the epoch of `group`; see `group-origin.ts`. */
  readonly epochsBefore: bigint
}

/** Wakes the group of a record. @throws DecodeError for a suite that we do not have */
export type WakeGroup = (suiteId: number, bytes: Uint8Array) => Pick<MlsGroup, "suite" | "group">

/** What a replaced group made of a message, and which of the epochs the message is of. */
export interface OpenedByReplaced {
  readonly received: Received
  readonly epochsBefore: bigint
}

/**
 * The MLS groups that ours took the place of, as long as texts of their last epochs can be read, and the one that our pending
 * commit would put in its place. Each is one record, which is written when it changes: rarely, and never for what is new.
 */
export class ReplacedGroups {
  /** Newest first. */
  #groups: MlsGroup[] = []
  #next: MlsGroup | undefined
  #log: RecordLog | undefined

  /** The group to which our pending commit leads, if that changes the suite. */
  get next(): MlsGroup | undefined {
    return this.#next
  }

  /** Takes ownership. */
  prepare(next: MlsGroup): void {
    this.#next = next
    this.#log?.mark(NEXT, () => this.#next && valueOf(this.#next))
  }

  /** The commit that would lead there came to nothing. */
  dropNext(): void {
    this.takeNext()?.group[Symbol.dispose]()
  }

  /** It is the caller's from now on. */
  takeNext(): MlsGroup | undefined {
    const next = this.#next
    this.#next = undefined
    if (next !== undefined) this.#log?.mark(NEXT, () => undefined)
    return next
  }

  /** Another group takes the place of this one, which has ended. Takes ownership. */
  add(replaced: MlsGroup): void {
    this.#groups.unshift(replaced)
    this.#markReplaced(replaced)
  }

  /** Opens a text of an epoch before our group; `undefined` if it is of none of these groups. Total for foreign bytes. */
  receive(message: Uint8Array, nowMs: number, wanted: ReceiveOptions): OpenedByReplaced | undefined {
    for (const replaced of this.#groups) {
      const received = replaced.group.receive(message, nowMs, wanted)
      if (received.kind === "rejected" && received.reason === "unknown_group") continue
      if (received.kind === "application") this.#markReplaced(replaced)
      return { received, epochsBefore: replaced.epochsBefore }
    }
    return undefined
  }

  /** Where an epoch of before our group was read, and the last one that was; `undefined` for an epoch of ours. */
  at(epoch: bigint): { readonly lastEpoch: bigint; member(leafIndex: number): Member | undefined } | undefined {
    // Oldest first: the first that goes on for long enough.
    const replaced = this.#groups.findLast((one) => epoch <= lastEpochOf(one))
    return replaced && { lastEpoch: lastEpochOf(replaced), member: (leafIndex) => replaced.group.member(leafIndex) }
  }

  /** Zeroes the keys of groups whose last epoch is before `oldestEpoch`. */
  forgetBefore(oldestEpoch: bigint): void {
    for (const gone of this.#groups.filter((one) => lastEpochOf(one) < oldestEpoch)) {
      gone.group[Symbol.dispose]()
      this.#log?.mark(replacedKey(gone), () => undefined)
    }
    this.#groups = this.#groups.filter((one) => lastEpochOf(one) >= oldestEpoch)
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each group: suite u16 · epochs before u64 · MLS group<V>. */
  *records(): Generator<StateRecord> {
    for (const replaced of this.#groups) yield { key: replacedKey(replaced), value: valueOf(replaced) }
    if (this.#next !== undefined) yield { key: NEXT, value: valueOf(this.#next) }
  }

  /** Takes in what {@link records} wrote, while a stored state is read. @throws DecodeError */
  read(records: RecordReader, wake: WakeGroup): void {
    for (const { parts, value } of records.takeAll(REPLACED)) {
      const replaced = readGroup(value, wake)
      if (parts.length !== 1 || parts[0] !== replaced.epochsBefore) throw new DecodeError("bad_value", 0)
      this.#groups.unshift(replaced)
    }
    const next = records.takeOptional(NEXT)
    if (next !== undefined) this.#next = readGroup(next, wake)
  }

  /** Zeroes all keys. */
  [Symbol.dispose](): void {
    for (const { group } of [...this.#groups, ...(this.#next ? [this.#next] : [])]) group[Symbol.dispose]()
  }

  #markReplaced(replaced: MlsGroup): void {
    this.#log?.mark(replacedKey(replaced), () => valueOf(replaced))
  }
}

const REPLACED = "replaced"
const NEXT = "next-group"

/** The commit that ended the group opened one more epoch, in which nobody could say anything. */
const lastEpochOf = ({ group, epochsBefore }: MlsGroup): bigint => epochsBefore + group.epoch - 1n

const replacedKey = ({ epochsBefore }: MlsGroup): string => recordKey(REPLACED, epochsBefore)

function valueOf({ suite, group, epochsBefore }: MlsGroup): Uint8Array {
  const bytes = group.toBytes()
  try {
    return encode((writer) => writer.uint16(suite.id).uint64(epochsBefore).vector(bytes))
  } finally {
    bytes.fill(0)
  }
}

function readGroup(bytes: Uint8Array, wake: WakeGroup): MlsGroup {
  return decodeWhole(bytes, (reader) => {
    const [suiteId, epochsBefore] = [reader.uint16(), reader.uint64()]
    return { ...wake(suiteId, reader.vector()), epochsBefore }
  })
}

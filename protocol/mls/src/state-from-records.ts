import { CHECK_KEY, decodeWhole, DecodeError, readOptional, RecordReader } from "@qpc/wire"
import type { Reader, StateRecord } from "@qpc/wire"
import { joinEpochParts, readEpochHeader, readPastEpoch } from "./epoch-bytes.ts"
import type { EpochHeader } from "./epoch-bytes.ts"
import { decodeUsage, NO_USAGE, USAGE_KEY } from "./epoch-usage.ts"
import type { EpochUsage } from "./epoch-usage.ts"
import type { Epoch, PastEpoch, ResumptionPsk } from "./epoch.ts"
import type { GroupPhase, GroupState } from "./group-state.ts"
import { decodeOwnCommit, readReInit } from "./own-commit-record.ts"
import type { StoredCommit } from "./own-commit-record.ts"
import { readQueuedProposal } from "./proposal-queue.ts"
import type { QueuedProposal } from "./proposal-queue.ts"
import type { ReInit } from "./proposal.ts"
import { readReservation, RESERVED_KEY } from "./reservation.ts"
import { restoreState } from "./restore-state.ts"
import type { Surroundings } from "./restore-state.ts"
import { StoredSecretTrees } from "./secret-tree-records.ts"
import { KEYS, PHASES } from "./state-records.ts"
import { RECORDS_VERSION, StateVersionError } from "./state-version.ts"
import { readTreeRecords } from "./tree-records.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/**
 * A state from its records. Copies.
 *
 * @throws StateVersionError for records of newer software
 * @throws DecodeError `reserved_value` for an unknown version, `bad_value` for another suite and unless they are all records
 *   of one state at one time: none lost, none from elsewhere, none from before
 */
export function stateFromRecords(surroundings: Surroundings, stored: readonly StateRecord[]): GroupState {
  const { suite, limits } = surroundings
  const records = new RecordReader(stored)
  const { phase, reinit, header } = decodeWhole(records.take(KEYS.state), (reader) => readHeader(reader, surroundings))
  const tree = readTreeRecords(records, suite, limits.members)
  const keys = decodeWhole(records.take(KEYS.private), (reader) => TreePrivateState.read(reader))
  const trees = new StoredSecretTrees(suite, records)
  const current = header.context.epoch
  const secretTree = trees.take(current, tree.leafWidth, false)
  const epoch = joinEpochParts(header, tree, keys, secretTree, phase !== "removed")
  const pastEpochs = readPastEpochs(records, trees, surroundings, current)
  trees.end()
  const state = restoreState(surroundings, {
    phase,
    reinit,
    epoch,
    pastEpochs,
    resumptionPsks: readResumptionPsks(records, surroundings),
    queue: readQueue(records, surroundings),
    own: readOwnCommit(records, epoch),
    reserved: decodeWhole(records.take(RESERVED_KEY), readReservation),
    usage: readUsage(records),
  })
  records.take(CHECK_KEY)
  records.end()
  if (!state.records.follow(stored)) throw new DecodeError("bad_value", 0)
  return state
}

function readHeader(
  reader: Reader,
  { suite }: Surroundings,
): { readonly phase: GroupPhase; readonly reinit: ReInit | undefined; readonly header: EpochHeader } {
  const version = reader.uint8()
  if (version > RECORDS_VERSION) throw new StateVersionError(version, RECORDS_VERSION)
  if (version !== RECORDS_VERSION) throw new DecodeError("reserved_value", 0)
  if (reader.uint16() !== suite.id) throw new DecodeError("bad_value", 1)
  return { ...readPhase(reader), header: readEpochHeader(reader, suite) }
}

/** Reads whether the group goes on, and for what it ended. @throws DecodeError */
export function readPhase(reader: Reader): { readonly phase: GroupPhase; readonly reinit: ReInit | undefined } {
  const start = reader.offset
  const phase = PHASES[reader.uint8()]
  if (phase === undefined) throw new DecodeError("reserved_value", start)
  const reinit = readOptional(reader, readReInit)
  if ((reinit !== undefined) !== (phase === "replaced")) throw new DecodeError("bad_value", start)
  return { phase, reinit }
}

/** Newest first; the epochs before the current one without a gap. */
function readPastEpochs(
  records: RecordReader,
  trees: StoredSecretTrees,
  { suite }: Surroundings,
  current: bigint,
): PastEpoch[] {
  const stored = records.takeAll("past").toReversed()
  return stored.map(({ parts, value }, at) => {
    const epoch = current - BigInt(at) - 1n
    if (parts.length !== 1 || parts[0] !== epoch) throw new DecodeError("bad_value", 0)
    return decodeWhole(value, (reader) => {
      return readPastEpoch(reader, suite, epoch, (leafWidth) => trees.take(epoch, leafWidth, true))
    })
  })
}

/** Newest first. */
function readResumptionPsks(records: RecordReader, { suite }: Surroundings): ResumptionPsk[] {
  const stored = records.takeAll("resumption").toReversed()
  return stored.map(({ parts: [epoch, ...more], value }) => {
    const isRight = typeof epoch === "bigint" && more.length === 0 && value.length === suite.sizes.hashBytes
    if (!isRight) throw new DecodeError("bad_value", 0)
    return { epoch, secret: value.slice() }
  })
}

function readUsage(records: RecordReader): EpochUsage {
  const value = records.takeOptional(USAGE_KEY)
  return value === undefined ? NO_USAGE : decodeUsage(value)
}

function readQueue(records: RecordReader, { suite }: Surroundings): QueuedProposal[] {
  return records.takeAll("proposal").map(({ parts, value }, at) => {
    if (parts.length !== 1 || parts[0] !== at) throw new DecodeError("bad_value", 0)
    return decodeWhole(value, (reader) => readQueuedProposal(reader, suite))
  })
}

function readOwnCommit(records: RecordReader, { tree }: Epoch): StoredCommit | undefined {
  const value = records.takeOptional(KEYS.ownCommit)
  return value && decodeOwnCommit(value, tree)
}

import type { CipherSuite } from "@qpc/crypto"
import { encode, recordKey, RecordLog } from "@qpc/wire"
import type { StateRecord, Writer } from "@qpc/wire"
import { writeEpochHeader, writePastEpoch } from "./epoch-bytes.ts"
import { encodeUsage, USAGE_KEY } from "./epoch-usage.ts"
import type { Epoch, PastEpoch, ResumptionPsk } from "./epoch.ts"
import type { GroupPhase, GroupState } from "./group-state.ts"
import { encodeOwnCommit } from "./own-commit-record.ts"
import { encodeProposal } from "./proposal.ts"
import { encodeReservation, RESERVED_KEY } from "./reservation.ts"
import { RECORDS_VERSION } from "./state-version.ts"
import { changedNodes } from "./tree-diff.ts"
import { isTreeKey, treeKey, treeRecords, treeValue } from "./tree-records.ts"

/** What the phases are called in records. */
export const PHASES: readonly GroupPhase[] = ["active", "removed", "replaced"]

/** Keys of records of which there is one. */
export const KEYS = { state: "state", private: "private", ownCommit: "own-commit" } as const

/** A log of what changes in a state, which is asked for once it is complete. */
export function newRecordLog(suite: CipherSuite, state: () => GroupState): RecordLog {
  return new RecordLog({
    hash: (bytes) => suite.hash(bytes),
    isChecked: (key) => !isTreeKey(key),
    all: () => recordsOf(state()),
  })
}

/** The whole state in records, secrets included; `state-from-records.ts` reads them. */
function* recordsOf(state: GroupState): Generator<StateRecord> {
  const { epoch, pastEpochs, resumptionPsks, ownCommit } = state
  yield { key: KEYS.state, value: stateValue(state) }
  yield { key: KEYS.private, value: privateValue(epoch) }
  yield { key: RESERVED_KEY, value: encodeReservation(state.reserved) }
  const usage = encodeUsage(state.usage)
  if (usage !== undefined) yield { key: USAGE_KEY, value: usage }
  yield* treeRecords(epoch.tree)
  yield* epoch.secretTree.records(epoch.context.epoch)
  for (const past of pastEpochs) {
    yield { key: pastKey(past), value: pastValue(past) }
    yield* past.secretTree.records(past.epoch)
  }
  for (const psk of resumptionPsks) yield { key: resumptionKey(psk), value: psk.secret.slice() }
  yield* state.queue.records()
  if (ownCommit !== undefined) yield { key: KEYS.ownCommit, value: encodeOwnCommit(state, ownCommit) }
}

/** Lets the parts that change by themselves note it in the state's log. Call it once for each state. */
export function attachRecords({ records, queue, epoch, pastEpochs }: GroupState): void {
  queue.attach(records)
  epoch.secretTree.attach(records, epoch.context.epoch)
  for (const past of pastEpochs) past.secretTree.attach(records, past.epoch)
}

/** Notes that another epoch is the current one. */
export function markEpoch(state: GroupState, previous: Epoch): void {
  const { records, epoch } = state
  markHeader(state)
  for (const { nodeIndex } of changedNodes(previous.tree.root, epoch.tree.root)) {
    records.mark(treeKey(nodeIndex), () => treeValue(state.epoch.tree, nodeIndex))
  }
  epoch.secretTree.attach(records, epoch.context.epoch)
  epoch.secretTree.markAll()
}

/** Notes that phase, secrets or private keys changed. */
export function markHeader(state: GroupState): void {
  state.records.mark(KEYS.state, () => stateValue(state))
  state.records.mark(KEYS.private, () => privateValue(state.epoch))
}

/** Notes that an epoch is over. */
export function markPastEpoch({ records }: GroupState, past: PastEpoch): void {
  records.mark(pastKey(past), () => pastValue(past))
}

/** Notes that a past epoch is forgotten; its secret tree notes its own end. */
export function markForgotten({ records }: GroupState, past: PastEpoch): void {
  records.mark(pastKey(past), () => undefined)
}

/** Notes that a resumption PSK was added or, unless it is kept, deleted. */
export function markResumptionPsk({ records }: GroupState, psk: ResumptionPsk, isKept: boolean): void {
  records.mark(resumptionKey(psk), () => (isKept ? psk.secret.slice() : undefined))
}

/** Notes that our commit was made, merged or cleared. */
export function markOwnCommit(state: GroupState): void {
  state.records.mark(KEYS.ownCommit, () => state.ownCommit && encodeOwnCommit(state, state.ownCommit))
}

function stateValue(state: GroupState): Uint8Array {
  return encode((writer) => {
    writer.uint8(RECORDS_VERSION).uint16(state.suite.id)
    writeHeader(writer, state)
  })
}

/** Writes phase u8 · optional ReInit<V> · the epoch's header. */
export function writeHeader(writer: Writer, { phase, reinit, epoch }: GroupState): void {
  writer.uint8(PHASES.indexOf(phase)).optional(reinit, (inner, proposal) => inner.vector(encodeProposal(proposal)))
  writeEpochHeader(writer, epoch)
}

function privateValue({ keys }: Epoch): Uint8Array {
  return encode((writer) => keys.write(writer))
}

function pastKey({ epoch }: PastEpoch): string {
  return recordKey("past", epoch)
}

function pastValue(past: PastEpoch): Uint8Array {
  return encode((writer) => writePastEpoch(writer, past))
}

function resumptionKey({ epoch }: ResumptionPsk): string {
  return recordKey("resumption", epoch)
}

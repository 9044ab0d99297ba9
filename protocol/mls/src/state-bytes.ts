import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, encode, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { memberAt } from "./apply-proposals.ts"
import { readFixedEpoch, readFixedPastEpoch, readStagedEpoch } from "./epoch-bytes.ts"
import { writeFixedEpoch, writeFixedPastEpoch, writeStagedEpoch } from "./epoch-bytes.ts"
import type { Epoch, ResumptionPsk } from "./epoch.ts"
import type { GroupPhase, GroupState, OwnCommit } from "./group-state.ts"
import type { GroupLimits } from "./limits.ts"
import type { GroupPolicy } from "./policy.ts"
import { ProposalQueue } from "./proposal-queue.ts"
import { decodeProposal, encodeProposal } from "./proposal.ts"
import type { ReInit } from "./proposal.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { readReservation, writeReservation } from "./reservation.ts"
import { SecretTree } from "./secret-tree.ts"
import type { Member, StagedCommit } from "./staged-commit.ts"

const STATE_VERSION = 1
const PHASES: readonly GroupPhase[] = ["active", "removed", "replaced"]

/**
 * A group's state in three parts by how often they change, all of them secret. A store that keeps them apart writes little
 * per message; it must still write what changed in one transaction.
 */
export interface StateSections {
  /** Changes with each epoch; grows with the members. */
  readonly epoch: Uint8Array
  /** Changes with each message. */
  readonly ratchets: Uint8Array
  /** Changes with each proposal and each own commit. */
  readonly handshake: Uint8Array
}

/** The part that changes with each epoch. */
export function encodeEpochSection(state: GroupState): Uint8Array {
  return encode((writer) => {
    writer.uint8(PHASES.indexOf(state.phase))
    writer.optional(state.reinit, (inner, reinit) => inner.vector(encodeProposal(reinit)))
    writeFixedEpoch(writer, state.epoch)
    writer.list(state.pastEpochs, writeFixedPastEpoch)
    writer.list(state.resumptionPsks, (inner, { epoch, secret }) => inner.uint64(epoch).vector(secret))
  })
}

/** The part that changes with each message. */
export function encodeRatchetSection(state: GroupState): Uint8Array {
  return encode((writer) => {
    writeReservation(writer, state.reserved)
    state.epoch.secretTree.write(writer)
    writer.list(state.pastEpochs, (inner, past) => past.secretTree.write(inner))
  })
}

/** The part that changes with each proposal and each own commit. */
export function encodeHandshakeSection(state: GroupState): Uint8Array {
  return encode((writer) => {
    state.queue.write(writer)
    writer.optional(state.ownCommit, (inner, own) => writeOwnCommit(inner, state, own))
  })
}

/** The whole state as one byte string. */
export function encodeState(suite: CipherSuite, sections: StateSections): Uint8Array {
  return encode((writer) =>
    writer
      .uint8(STATE_VERSION)
      .uint16(suite.id)
      .vector(sections.epoch)
      .vector(sections.ratchets)
      .vector(sections.handshake),
  )
}

/** What a stored state does not hold. */
export interface Surroundings {
  readonly suite: CipherSuite
  readonly limits: GroupLimits
  readonly policy: GroupPolicy
  readonly signaturePrivateKey: Uint8Array
}

/**
 * Reads what {@link encodeState} wrote. Copies.
 *
 * @throws DecodeError `reserved_value` for another version, `bad_value` for another suite or parts that do not fit together
 */
export function decodeState(surroundings: Surroundings, bytes: Uint8Array): GroupState {
  const { suite } = surroundings
  const sections = decodeWhole(bytes, (reader) => {
    if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
    if (reader.uint16() !== suite.id) throw new DecodeError("bad_value", 1)
    return { epoch: reader.vector(), ratchets: reader.vector(), handshake: reader.vector() }
  })
  const fixed = decodeWhole(sections.epoch, (reader) => readEpochSection(reader, surroundings))
  const trees = decodeWhole(sections.ratchets, (reader) => ({
    reserved: readReservation(reader),
    current: SecretTree.read(suite, reader),
    past: readList(reader, (inner) => SecretTree.read(suite, inner)),
  }))
  if (trees.past.length !== fixed.pastEpochs.length) throw new DecodeError("bad_value", 0)
  const { queue, own } = decodeWhole(sections.handshake, (reader) =>
    readHandshakeSection(reader, surroundings, fixed.epoch.tree),
  )
  const staged = new Map<StagedCommit, Epoch | undefined>()
  if (own !== undefined) staged.set(own.commit.staged, own.epoch)
  return {
    ...surroundings,
    nextSignatureKeys: [],
    phase: fixed.phase,
    reinit: fixed.reinit,
    epoch: { ...fixed.epoch, secretTree: trees.current },
    pastEpochs: fixed.pastEpochs.map((past, at) => ({ ...past, secretTree: trees.past[at]! })),
    resumptionPsks: fixed.resumptionPsks,
    queue,
    ownCommit: own?.commit,
    reserved: trees.reserved,
    staged,
  }
}

type FixedEpochs = Pick<GroupState, "phase" | "reinit"> & {
  readonly epoch: ReturnType<typeof readFixedEpoch>
  readonly pastEpochs: readonly ReturnType<typeof readFixedPastEpoch>[]
  readonly resumptionPsks: readonly ResumptionPsk[]
}

function readEpochSection(reader: Reader, { suite, limits }: Surroundings): FixedEpochs {
  const phase = PHASES[reader.uint8()]
  if (phase === undefined) throw new DecodeError("reserved_value", 0)
  const reinit = readOptional(reader, readReInit)
  if ((reinit !== undefined) !== (phase === "replaced")) throw new DecodeError("bad_value", 0)
  return {
    phase,
    reinit,
    epoch: readFixedEpoch(reader, suite, limits.members, phase !== "removed"),
    pastEpochs: readList(reader, (inner) => readFixedPastEpoch(inner, suite)),
    resumptionPsks: readList(reader, (inner) => ({ epoch: inner.uint64(), secret: inner.vector().slice() })),
  }
}

function writeOwnCommit(writer: Writer, state: GroupState, own: OwnCommit): void {
  const epoch = state.staged.get(own.staged)
  if (epoch === undefined) throw new Error("unreachable: an own commit without its epoch")
  const { committer, report } = own.staged
  writer.vector(own.messageHash).uint32(committer)
  for (const members of [report.added, report.removed, report.updated]) {
    writer.list(members, (inner, { leafIndex }) => inner.uint32(leafIndex))
  }
  writer.optional(report.reinit, (inner, reinit) => inner.vector(encodeProposal(reinit)))
  writeStagedEpoch(writer, epoch)
}

function readHandshakeSection(
  reader: Reader,
  { suite, limits }: Surroundings,
  tree: RatchetTree,
): { readonly queue: ProposalQueue; readonly own: { readonly commit: OwnCommit; readonly epoch: Epoch } | undefined } {
  const queue = ProposalQueue.read(suite, reader)
  const own = readOptional(reader, (inner) => readOwnCommit(inner, suite, limits.members, tree))
  return { queue, own }
}

function readOwnCommit(
  reader: Reader,
  suite: CipherSuite,
  leavesLimit: number,
  before: RatchetTree,
): { readonly commit: OwnCommit; readonly epoch: Epoch } {
  const messageHash = reader.vector().slice()
  const committer = reader.uint32()
  const [added, removed, updated] = [readLeaves(reader), readLeaves(reader), readLeaves(reader)]
  const reinit = readOptional(reader, readReInit)
  const epoch = readStagedEpoch(reader, suite, leavesLimit)
  const report = {
    epoch: epoch.context.epoch,
    added: membersAt(epoch.tree, added),
    removed: membersAt(before, removed),
    updated: membersAt(epoch.tree, updated),
    selfRemoved: false,
    extensions: epoch.context.extensions,
    reinit,
    custom: [],
  }
  const staged: StagedCommit = { kind: "own", committer, report }
  return { commit: { staged, messageHash }, epoch }
}

function readLeaves(reader: Reader): number[] {
  return readList(reader, (inner) => inner.uint32())
}

function membersAt(tree: RatchetTree, leaves: readonly number[]): Member[] {
  return leaves.map((leafIndex) => {
    if (tree.leaf(leafIndex) === undefined) throw new DecodeError("bad_value", 0)
    return memberAt(tree, leafIndex)
  })
}

function readReInit(reader: Reader): ReInit {
  const start = reader.offset
  const proposal = decodeProposal(reader.vector().slice())
  if (proposal.kind !== "reinit") throw new DecodeError("bad_value", start)
  return proposal
}

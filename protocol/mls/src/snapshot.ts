import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, encode, equalBytes, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { epochOfParts, readEpochHeader, readPastEpoch, readSecret, writePastEpoch } from "./epoch-bytes.ts"
import { decodeUsage, encodeUsage, NO_USAGE } from "./epoch-usage.ts"
import type { Epoch, PastEpoch } from "./epoch.ts"
import type { GroupState } from "./group-state.ts"
import { decodeOwnCommit, encodeOwnCommit } from "./own-commit-record.ts"
import { readQueuedProposal, writeQueuedProposal } from "./proposal-queue.ts"
import { readReservation, writeReservation } from "./reservation.ts"
import { restoreState } from "./restore-state.ts"
import type { Surroundings } from "./restore-state.ts"
import { readSecretTree } from "./secret-tree-bytes.ts"
import { readPhase } from "./state-from-records.ts"
import { writeHeader } from "./state-records.ts"
import { readTree, writeTree } from "./tree-records.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/** Bytes of the digest that are kept; enough against accidents. */
const DIGEST_BYTES = 16

/** What the tree takes for a member, keys and credential included, and all else; guesses, which cost time if they are wrong. */
const [MEMBER_BYTES, REST_BYTES] = [240, 2048]

/** What is written before the state itself. */
type Preamble = (writer: Writer) => void

/**
 * Writes a whole state at once behind a preamble, and a digest of it all.
 *
 * Unlike records, of which a store may lose or mix up some, a snapshot is whole or is not. So its digest is all the proof that
 * is needed: hashes of the tree and public halves of keys are not computed anew when it is read.
 */
export function encodeSnapshot(state: GroupState, preamble: Preamble): Uint8Array {
  const { suite, epoch } = state
  return encode(
    (writer) => {
      preamble(writer)
      writeState(writer, state)
      writer.bytes(digestOf(suite, writer.view()))
    },
    REST_BYTES + MEMBER_BYTES * epoch.tree.memberCount,
  )
}

/**
 * Reads what {@link encodeSnapshot} wrote. Copies.
 *
 * @param preambleBytes - How much of it was read before.
 * @throws DecodeError `truncated` or `bad_value` unless it is, byte for byte, what was written
 */
export function decodeSnapshot(surroundings: Surroundings, bytes: Uint8Array, preambleBytes: number): GroupState {
  const end = bytes.length - DIGEST_BYTES
  if (end < preambleBytes) throw new DecodeError("truncated", bytes.length)
  const isWhole = equalBytes(digestOf(surroundings.suite, bytes.subarray(0, end)), bytes.subarray(end))
  if (!isWhole) throw new DecodeError("bad_value", end)
  return decodeWhole(bytes.subarray(preambleBytes, end), (reader) => readState(reader, surroundings))
}

function digestOf(suite: CipherSuite, bytes: Uint8Array): Uint8Array {
  return suite.hash(bytes).subarray(0, DIGEST_BYTES)
}

function writeState(writer: Writer, state: GroupState): void {
  const { epoch, reserved, usage, pastEpochs, resumptionPsks, queue, ownCommit } = state
  writeHeader(writer, state)
  epoch.keys.write(writer)
  writeTree(writer, epoch.tree)
  epoch.secretTree.write(writer)
  writeReservation(writer, reserved)
  writer.optional(encodeUsage(usage), (inner, value) => inner.vector(value))
  writer.list(pastEpochs, (inner, past) => {
    past.secretTree.write(inner.uint64(past.epoch))
    writePastEpoch(inner, past)
  })
  writer.list(resumptionPsks, (inner, psk) => inner.uint64(psk.epoch).vector(psk.secret))
  writer.list(queue.values(), writeQueuedProposal)
  writer.optional(ownCommit, (inner, own) => {
    const value = encodeOwnCommit(state, own)
    inner.vector(value)
    value.fill(0)
  })
}

function readState(reader: Reader, surroundings: Surroundings): GroupState {
  const { suite, limits } = surroundings
  const { phase, reinit } = readPhase(reader)
  const header = readEpochHeader(reader, suite)
  const keys = TreePrivateState.read(reader)
  const tree = readTree(reader, suite, limits.members)
  const epoch: Epoch = epochOfParts(header, tree, keys, readSecretTree(reader, suite))
  return restoreState(surroundings, {
    phase,
    reinit,
    epoch,
    reserved: readReservation(reader),
    usage: readOptional(reader, (inner) => decodeUsage(inner.vector())) ?? NO_USAGE,
    pastEpochs: readList(reader, (inner) => readPast(inner, suite)),
    resumptionPsks: readList(reader, (inner) => ({ epoch: inner.uint64(), secret: readSecret(inner, suite) })),
    queue: readList(reader, (inner) => readQueuedProposal(inner, suite)),
    own: readOptional(reader, (inner) => decodeOwnCommit(inner.vector(), tree)),
  })
}

function readPast(reader: Reader, suite: CipherSuite): PastEpoch {
  const epoch = reader.uint64()
  const secretTree = readSecretTree(reader, suite)
  return readPastEpoch(reader, suite, epoch, () => secretTree)
}

import { decodeWhole, DecodeError, encode, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { memberAt } from "./apply-proposals.ts"
import type { CommittedCustomProposal } from "./custom-proposal.ts"
import { joinEpochParts, readEpochHeader, readSecret, writeEpochHeader } from "./epoch-bytes.ts"
import type { Epoch } from "./epoch.ts"
import { readSender, writeSender } from "./framed-content.ts"
import type { GroupState, OwnCommit } from "./group-state.ts"
import { decodeProposal, encodeProposal } from "./proposal.ts"
import type { ReInit } from "./proposal.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { readSecretTree } from "./secret-tree-bytes.ts"
import { SecretTree } from "./secret-tree.ts"
import type { Member, MergeReport, StagedCommit } from "./staged-commit.ts"
import { readTreeDifference, writeTreeDifference } from "./tree-records.ts"
import { fullWidth } from "./tree-math.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/** A commit of ours that waits, and the epoch that it leads to. */
export interface StoredCommit {
  readonly commit: OwnCommit
  readonly epoch: Epoch
}

/** What a commit changed, members by their leaf indices: the rest of a report is in the trees. */
export interface StoredReport extends Pick<MergeReport, "reinit" | "custom"> {
  readonly added: readonly number[]
  readonly removed: readonly number[]
  readonly updated: readonly number[]
}

/**
 * The record of our pending commit: message hash<V> · committer u32 · leaves added<V>, removed<V>, updated<V> · optional
 * ReInit<V> · custom proposals<V> · the epoch it leads to, its tree as the difference to the current one, and its message
 * keys.
 */
export function encodeOwnCommit(state: GroupState, own: OwnCommit): Uint8Array {
  const epoch = state.staged.get(own.staged)
  if (epoch === undefined) throw new Error("unreachable: an own commit without its epoch")
  const { committer, report } = own.staged
  return encode((writer) => {
    writer.vector(own.messageHash).uint32(committer)
    for (const members of [report.added, report.removed, report.updated]) {
      writer.list(members, (inner, { leafIndex }) => inner.uint32(leafIndex))
    }
    writer.optional(report.reinit, (inner, reinit) => inner.vector(encodeProposal(reinit)))
    writer.list(report.custom, (inner, { type, body, sender }) => {
      writeSender(inner.uint16(type).vector(body), sender)
    })
    writeEpochHeader(writer, epoch)
    writeTreeDifference(writer, state.epoch.tree, epoch.tree)
    epoch.keys.write(writer)
    writeAhead(writer, epoch.secretTree)
  })
}

/** Reads what {@link encodeOwnCommit} wrote. Copies. @throws DecodeError */
export function decodeOwnCommit(bytes: Uint8Array, current: RatchetTree): StoredCommit {
  const { suite } = current
  return decodeWhole(bytes, (reader) => {
    const messageHash = readSecret(reader, suite)
    const committer = reader.uint32()
    const leaves = { added: readLeaves(reader), removed: readLeaves(reader), updated: readLeaves(reader) }
    const reinit = readOptional(reader, readReInit)
    const custom = readList(reader, readCustom)
    const header = readEpochHeader(reader, suite)
    const tree = readTreeDifference(reader, current)
    const keys = TreePrivateState.read(reader)
    const secretTree = readAhead(reader, tree)
    const epoch = joinEpochParts(header, tree, keys, secretTree, true)
    return storedCommit(messageHash, committer, epoch, reportFrom(epoch, current, { ...leaves, reinit, custom }))
  })
}

/** The secret that a tree begins with<V>; where keys were used, which must not come back, nothing<V> and what is left of it. */
function writeAhead(writer: Writer, secretTree: SecretTree): void {
  if (secretTree.isUnused) writer.vector(secretTree.encryptionSecret)
  else secretTree.write(writer.vector(new Uint8Array(0)))
}

function readAhead(reader: Reader, { suite, leafWidth }: RatchetTree): SecretTree {
  const start = reader.offset
  const secret = reader.vector()
  if (secret.length === suite.sizes.hashBytes) return SecretTree.create(suite, secret.slice(), leafWidth)
  if (secret.length > 0) throw new DecodeError("bad_value", start)
  const secretTree = readSecretTree(reader, suite)
  if (secretTree.leafWidth !== fullWidth(leafWidth)) throw new DecodeError("bad_value", start)
  return secretTree
}

/** Reads a list of leaf indices. @throws DecodeError */
export function readLeaves(reader: Reader): number[] {
  return readList(reader, (inner) => inner.uint32())
}

/** Reads a ReInit proposal. Copies. @throws DecodeError */
export function readReInit(reader: Reader): ReInit {
  const start = reader.offset
  const proposal = decodeProposal(reader.vector().slice())
  if (proposal.kind !== "reinit") throw new DecodeError("bad_value", start)
  return proposal
}

/** A commit as it was before it was stored. */
export function storedCommit(
  messageHash: Uint8Array,
  committer: number,
  epoch: Epoch,
  report: MergeReport,
): StoredCommit {
  const staged: StagedCommit = { kind: "own", committer, report }
  return { commit: { staged, messageHash }, epoch }
}

/** What a commit changed. @throws DecodeError if there is nobody at one of the leaves */
export function reportFrom(
  epoch: Epoch,
  before: RatchetTree,
  { added, removed, updated, reinit, custom }: StoredReport,
): MergeReport {
  return {
    epoch: epoch.context.epoch,
    added: membersAt(epoch.tree, added),
    removed: membersAt(before, removed),
    updated: membersAt(epoch.tree, updated),
    selfRemoved: false,
    extensions: epoch.context.extensions,
    reinit,
    custom,
  }
}

function membersAt(tree: RatchetTree, leafIndices: readonly number[]): Member[] {
  return leafIndices.map((leafIndex) => {
    if (tree.leaf(leafIndex) === undefined) throw new DecodeError("bad_value", 0)
    return memberAt(tree, leafIndex)
  })
}

function readCustom(reader: Reader): CommittedCustomProposal {
  return { type: reader.uint16(), body: reader.vector().slice(), sender: readSender(reader) }
}

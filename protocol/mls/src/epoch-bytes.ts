import type { CipherSuite } from "@qpc/crypto"
import { constantTimeEqual, decodeWhole, DecodeError, equalBytes, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { Epoch, PastEpoch } from "./epoch.ts"
import { readGroupContext, writeGroupContext } from "./group-context.ts"
import type { GroupContext } from "./group-context.ts"
import { confirmationTag } from "./key-schedule.ts"
import type { KeptSecrets } from "./key-schedule.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import type { SecretTree } from "./secret-tree.ts"
import { interimTranscriptHash } from "./transcript-hash.ts"
import { fullWidth, LEAVES_MAX } from "./tree-math.ts"
import type { TreePrivateState } from "./tree-private-state.ts"

/** What an epoch has of constant size: all but its trees and private keys. */
export type EpochHeader = Pick<Epoch, "context" | "secrets" | "confirmationTag">

/** The secrets that are stored, in this order. */
const STORED_SECRETS = [
  "senderDataSecret",
  "exporterSecret",
  "externalSecret",
  "confirmationKey",
  "membershipKey",
  "resumptionPsk",
  "epochAuthenticator",
  "initSecret",
] as const satisfies readonly (keyof KeptSecrets)[]

/** Writes GroupContext · secrets<V> · confirmation tag<V>. */
export function writeEpochHeader(writer: Writer, { context, secrets, confirmationTag: tag }: EpochHeader): void {
  writeGroupContext(writer, context)
  for (const name of STORED_SECRETS) writer.vector(secrets[name])
  writer.vector(tag)
}

/** Reads what {@link writeEpochHeader} wrote. Copies. @throws DecodeError `bad_value` for another suite too */
export function readEpochHeader(reader: Reader, suite: CipherSuite): EpochHeader {
  return { context: readContext(reader, suite), ...readEpochSecrets(reader, suite) }
}

/** Reads a GroupContext of this suite. Copies. @throws DecodeError */
export function readContext(reader: Reader, suite: CipherSuite): GroupContext {
  const start = reader.offset
  readGroupContext(reader)
  const context = decodeWhole(reader.since(start).slice(), readGroupContext)
  if (context.cipherSuite !== suite.id) throw new DecodeError("bad_value", start)
  return context
}

/** The second half of {@link readEpochHeader}. */
export function readEpochSecrets(reader: Reader, suite: CipherSuite): Pick<EpochHeader, "secrets" | "confirmationTag"> {
  const stored = STORED_SECRETS.map((name) => [name, readSecret(reader, suite)] as const)
  const secrets = Object.fromEntries(stored) as unknown as KeptSecrets
  return { secrets, confirmationTag: readSecret(reader, suite) }
}

/**
 * Puts an epoch together.
 *
 * @param isLive - True to check keys and confirmation tag too: a state that does not hold together would make messages that
 *   nobody can read.
 * @throws DecodeError if the parts are not of one epoch
 */
export function joinEpochParts(
  header: EpochHeader,
  tree: RatchetTree,
  keys: TreePrivateState,
  secretTree: SecretTree,
  isLive: boolean,
): Epoch {
  const isRightTree = equalBytes(tree.treeHash(), header.context.treeHash)
  if (!isRightTree || (isLive && !holdsTogether(header, tree, keys))) throw new DecodeError("bad_value", 0)
  return epochOfParts(header, tree, keys, secretTree)
}

/** Puts an epoch together whose parts are known to be of one time. */
export function epochOfParts(
  header: EpochHeader,
  tree: RatchetTree,
  keys: TreePrivateState,
  secretTree: SecretTree,
): Epoch {
  const { context, confirmationTag: tag } = header
  const interim = interimTranscriptHash(tree.suite, context.confirmedTranscriptHash, tag)
  return { ...header, tree, keys, secretTree, interimTranscriptHash: interim }
}

function holdsTogether(header: EpochHeader, tree: RatchetTree, keys: TreePrivateState): boolean {
  const { context, secrets, confirmationTag: tag } = header
  const expected = confirmationTag(tree.suite, secrets, context.confirmedTranscriptHash)
  const isOurs = tree.leaf(keys.leafIndex) !== undefined && keys.matches(tree.suite, tree)
  return isOurs && constantTimeEqual(expected, tag)
}

/** Reads a secret of the suite's hash length. Copies. @throws DecodeError */
export function readSecret(reader: Reader, suite: CipherSuite): Uint8Array {
  const start = reader.offset
  const secret = reader.vector()
  if (secret.length !== suite.sizes.hashBytes) throw new DecodeError("bad_value", start)
  return secret.slice()
}

/** Writes GroupContext<V> · sender data secret<V> · own leaf u32 · leaves u32 · list of leaf u32, optional signature key<V>. */
export function writePastEpoch(writer: Writer, past: PastEpoch): void {
  const { groupContext, senderDataSecret, ownLeafIndex, secretTree, formerSigners } = past
  writer.vector(groupContext).vector(senderDataSecret).uint32(ownLeafIndex).uint32(secretTree.leafWidth)
  writer.list([...formerSigners], (inner, [leafIndex, signatureKey]) => {
    inner.uint32(leafIndex).optional(signatureKey, (item, key) => item.vector(key))
  })
}

/**
 * Reads what {@link writePastEpoch} wrote. Copies.
 *
 * @param secretTree - Finds the secret tree, which is stored apart, by its width.
 * @throws DecodeError
 */
export function readPastEpoch(
  reader: Reader,
  suite: CipherSuite,
  epoch: bigint,
  secretTree: (leafWidth: number) => SecretTree,
): PastEpoch {
  return {
    epoch,
    groupContext: reader.vector().slice(),
    senderDataSecret: readSecret(reader, suite),
    ownLeafIndex: reader.uint32(),
    secretTree: secretTree(readLeafWidth(reader)),
    formerSigners: readFormerSigners(reader),
  }
}

/** Reads how many leaves a tree has: a power of two. @throws DecodeError */
export function readLeafWidth(reader: Reader): number {
  const start = reader.offset
  const leafWidth = reader.uint32()
  if (leafWidth < 1 || leafWidth > LEAVES_MAX || fullWidth(leafWidth) !== leafWidth) {
    throw new DecodeError("bad_value", start)
  }
  return leafWidth
}

function readFormerSigners(reader: Reader): Map<number, Uint8Array | undefined> {
  const start = reader.offset
  const signers = new Map<number, Uint8Array | undefined>()
  let previous = -1
  readList(reader, (inner) => {
    const leafIndex = inner.uint32()
    if (leafIndex <= previous) throw new DecodeError("bad_value", start)
    previous = leafIndex
    signers.set(
      leafIndex,
      readOptional(inner, (item) => item.vector().slice()),
    )
  })
  return signers
}

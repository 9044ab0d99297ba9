import type { CipherSuite } from "@qpc/crypto"
import { constantTimeEqual, decodeWhole, DecodeError, equalBytes, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { Epoch, PastEpoch, PastSigners } from "./epoch.ts"
import { readGroupContext, writeGroupContext } from "./group-context.ts"
import { confirmationTag } from "./key-schedule.ts"
import type { KeptSecrets } from "./key-schedule.ts"
import { SecretTree } from "./secret-tree.ts"
import { interimTranscriptHash } from "./transcript-hash.ts"
import { readRatchetTree, writeRatchetTree } from "./tree-codec.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/** An epoch without its secret tree, which changes with each message and is stored apart. */
export type FixedEpoch = Omit<Epoch, "secretTree">

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

/** Writes what stays the same while an epoch lasts, private keys included. */
export function writeFixedEpoch(writer: Writer, epoch: FixedEpoch): void {
  writeGroupContext(writer, epoch.context)
  writeRatchetTree(writer, epoch.tree)
  epoch.keys.write(writer)
  for (const name of STORED_SECRETS) writer.vector(epoch.secrets[name])
  writer.vector(epoch.confirmationTag)
}

/**
 * Reads what {@link writeFixedEpoch} wrote. Copies.
 *
 * @param isLive - True to check that tree, keys and confirmation tag fit together: a state that does not hold together
 *   would make messages that nobody can read.
 * @throws DecodeError
 */
export function readFixedEpoch(reader: Reader, suite: CipherSuite, leavesLimit: number, isLive: boolean): FixedEpoch {
  const start = reader.offset
  const contextStart = reader.offset
  readGroupContext(reader)
  const context = decodeWhole(reader.since(contextStart).slice(), readGroupContext)
  const tree = readRatchetTree(reader, suite, leavesLimit)
  const keys = TreePrivateState.read(reader)
  const stored = STORED_SECRETS.map((name) => [name, readSecret(reader, suite)] as const)
  const secrets = Object.fromEntries(stored) as unknown as KeptSecrets
  const tag = readSecret(reader, suite)
  const hash = context.confirmedTranscriptHash
  const epoch = { context, tree, keys, secrets, confirmationTag: tag }
  const isWhole =
    context.cipherSuite === suite.id &&
    equalBytes(tree.treeHash(), context.treeHash) &&
    (!isLive || holdsTogether(epoch))
  if (!isWhole) throw new DecodeError("bad_value", start)
  return { ...epoch, interimTranscriptHash: interimTranscriptHash(suite, hash, tag) }
}

function holdsTogether({
  context,
  tree,
  keys,
  secrets,
  confirmationTag: tag,
}: Omit<FixedEpoch, "interimTranscriptHash">): boolean {
  const expected = confirmationTag(tree.suite, secrets, context.confirmedTranscriptHash)
  return tree.leaf(keys.leafIndex) !== undefined && constantTimeEqual(expected, tag) && keys.matches(tree.suite, tree)
}

function readSecret(reader: Reader, suite: CipherSuite): Uint8Array {
  const start = reader.offset
  const secret = reader.vector()
  if (secret.length !== suite.sizes.hashBytes) throw new DecodeError("bad_value", start)
  return secret.slice()
}

/** A past epoch without its secret tree. */
export type FixedPastEpoch = Omit<PastEpoch, "secretTree">

/** Writes what stays the same of a past epoch. */
export function writeFixedPastEpoch(writer: Writer, past: FixedPastEpoch): void {
  writer.uint64(past.epoch).vector(past.groupContext).vector(past.senderDataSecret).uint32(past.ownLeafIndex)
  writer.list(past.signers.keys(), (inner, key) => inner.optional(key, (item, bytes) => item.vector(bytes)))
}

/** Reads what {@link writeFixedPastEpoch} wrote. Copies. @throws DecodeError */
export function readFixedPastEpoch(reader: Reader, suite: CipherSuite): FixedPastEpoch {
  return {
    epoch: reader.uint64(),
    groupContext: reader.vector().slice(),
    senderDataSecret: readSecret(reader, suite),
    ownLeafIndex: reader.uint32(),
    signers: signersFrom(readList(reader, (inner) => readOptional(inner, (item) => item.vector().slice()))),
  }
}

function signersFrom(keys: readonly (Uint8Array | undefined)[]): PastSigners {
  return { keyOf: (leafIndex) => keys[leafIndex], keys: () => keys }
}

/** Writes a whole epoch that is not yet in use. */
export function writeStagedEpoch(writer: Writer, epoch: Epoch): void {
  writeFixedEpoch(writer, epoch)
  epoch.secretTree.write(writer)
}

/** Reads what {@link writeStagedEpoch} wrote. @throws DecodeError */
export function readStagedEpoch(reader: Reader, suite: CipherSuite, leavesLimit: number): Epoch {
  const fixed = readFixedEpoch(reader, suite, leavesLimit, true)
  return { ...fixed, secretTree: SecretTree.read(suite, reader) }
}

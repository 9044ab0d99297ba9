import { decodeWhole, DecodeError, encode, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readProposal, writeProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"
import { readUpdatePath, writeUpdatePath } from "./update-path.ts"
import type { UpdatePath } from "./update-path.ts"

/** A proposal in full, or the reference of one that was sent before (RFC 9420 §12.4). */
export type ProposalOrRef =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "reference"; readonly reference: Uint8Array }

/** Opens a new epoch (RFC 9420 §12.4). */
export interface Commit {
  readonly proposals: readonly ProposalOrRef[]
  readonly path: UpdatePath | undefined
}

/** Reads a Commit (RFC 9420 §12.4). Returns views. @throws DecodeError */
export function readCommit(reader: Reader): Commit {
  return { proposals: readList(reader, readProposalOrRef), path: readOptional(reader, readUpdatePath) }
}

/** Writes a Commit (RFC 9420 §12.4). */
export function writeCommit(writer: Writer, commit: Commit): void {
  writer.list(commit.proposals, writeProposalOrRef).optional(commit.path, writeUpdatePath)
}

/** Reads a Commit that fills `bytes`. Returns views. @throws DecodeError */
export function decodeCommit(bytes: Uint8Array): Commit {
  return decodeWhole(bytes, readCommit)
}

/** The bytes of a Commit. */
export function encodeCommit(commit: Commit): Uint8Array {
  return encode((writer) => writeCommit(writer, commit))
}

function readProposalOrRef(reader: Reader): ProposalOrRef {
  const start = reader.offset
  switch (reader.uint8()) {
    case 1:
      return { kind: "proposal", proposal: readProposal(reader) }
    case 2:
      return { kind: "reference", reference: reader.vector() }
    default:
      throw new DecodeError("reserved_value", start)
  }
}

function writeProposalOrRef(writer: Writer, item: ProposalOrRef): void {
  if (item.kind === "reference") writer.uint8(2).vector(item.reference)
  else writeProposal(writer.uint8(1), item.proposal)
}

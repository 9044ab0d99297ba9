import { decodeWhole, DecodeError, encode } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { readKeyPackage, writeKeyPackage } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import { readLeafNode, writeLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { readPreSharedKeyId, writePreSharedKeyId } from "./psk-id.ts"
import type { PreSharedKeyId } from "./psk-id.ts"

/** ProposalType code points (RFC 9420 §17.4). */
export const PROPOSAL_TYPES = {
  add: 1,
  update: 2,
  remove: 3,
  psk: 4,
  reinit: 5,
  external_init: 6,
  group_context_extensions: 7,
} as const

/**
 * A change that a commit may make (RFC 9420 §12.1).
 *
 * `custom` is any type RFC 9420 does not list, its content being one opaque vector. It always decodes; it is taken only where
 * the application registered the type (`GroupPolicy.customProposals`) and all members list it (RFC 9420 §13.2).
 */
export type Proposal =
  | { readonly kind: "add"; readonly keyPackage: KeyPackage }
  | { readonly kind: "update"; readonly leafNode: LeafNode }
  | { readonly kind: "remove"; readonly removed: number }
  | { readonly kind: "psk"; readonly id: PreSharedKeyId }
  | {
      readonly kind: "reinit"
      readonly groupId: Uint8Array
      readonly version: number
      readonly cipherSuite: number
      readonly extensions: readonly Extension[]
    }
  | { readonly kind: "external_init"; readonly kemOutput: Uint8Array }
  | { readonly kind: "group_context_extensions"; readonly extensions: readonly Extension[] }
  | { readonly kind: "custom"; readonly type: number; readonly body: Uint8Array }

/** The end of a group in favour of another with these parameters (RFC 9420 §12.1.5). */
export type ReInit = Extract<Proposal, { readonly kind: "reinit" }>

/** Proposal types that every client implements and none may list (RFC 9420 §7.2). */
export function isDefaultProposal(type: number): boolean {
  return type >= PROPOSAL_TYPES.add && type <= PROPOSAL_TYPES.group_context_extensions
}

/** The code point of a proposal, as capabilities list it. */
function proposalType(proposal: Proposal): number {
  return proposal.kind === "custom" ? proposal.type : PROPOSAL_TYPES[proposal.kind]
}

/**
 * Reads a Proposal (RFC 9420 §12.1). Returns views.
 *
 * @throws DecodeError `reserved_value` for type 0
 */
export function readProposal(reader: Reader): Proposal {
  const start = reader.offset
  const type = reader.uint16()
  switch (type) {
    case 0:
      throw new DecodeError("reserved_value", start)
    case PROPOSAL_TYPES.add:
      return { kind: "add", keyPackage: readKeyPackage(reader) }
    case PROPOSAL_TYPES.update:
      return { kind: "update", leafNode: readLeafNode(reader) }
    case PROPOSAL_TYPES.remove:
      return { kind: "remove", removed: reader.uint32() }
    case PROPOSAL_TYPES.psk:
      return { kind: "psk", id: readPreSharedKeyId(reader) }
    case PROPOSAL_TYPES.reinit:
      return {
        kind: "reinit",
        groupId: reader.vector(),
        version: reader.uint16(),
        cipherSuite: reader.uint16(),
        extensions: readExtensions(reader),
      }
    case PROPOSAL_TYPES.external_init:
      return { kind: "external_init", kemOutput: reader.vector() }
    case PROPOSAL_TYPES.group_context_extensions:
      return { kind: "group_context_extensions", extensions: readExtensions(reader) }
    default:
      return { kind: "custom", type, body: reader.vector() }
  }
}

/**
 * Writes a Proposal (RFC 9420 §12.1).
 *
 * @throws RangeError if a `custom` proposal carries the type of a listed one: it would read back as another value.
 */
export function writeProposal(writer: Writer, proposal: Proposal): void {
  writer.uint16(proposalType(proposal))
  switch (proposal.kind) {
    case "add":
      return writeKeyPackage(writer, proposal.keyPackage)
    case "update":
      return writeLeafNode(writer, proposal.leafNode)
    case "remove":
      writer.uint32(proposal.removed)
      return
    case "psk":
      return writePreSharedKeyId(writer, proposal.id)
    case "reinit":
      writer.vector(proposal.groupId).uint16(proposal.version).uint16(proposal.cipherSuite)
      return writeExtensions(writer, proposal.extensions)
    case "external_init":
      writer.vector(proposal.kemOutput)
      return
    case "group_context_extensions":
      return writeExtensions(writer, proposal.extensions)
    case "custom":
      if (proposal.type === 0 || isDefaultProposal(proposal.type)) {
        throw new RangeError(`proposal type ${proposal.type} is not custom`)
      }
      writer.vector(proposal.body)
  }
}

/** Reads a Proposal that fills `bytes`. Returns views. @throws DecodeError */
export function decodeProposal(bytes: Uint8Array): Proposal {
  return decodeWhole(bytes, readProposal)
}

/** The bytes of a Proposal. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  return encode((writer) => writeProposal(writer, proposal))
}

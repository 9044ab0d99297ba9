import type { Capabilities } from "./capabilities.ts"
import type { Sender } from "./framed-content.ts"
import { GREASE_VALUES } from "./grease.ts"
import { isDefaultProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"

/**
 * A type of proposal that the application defines (RFC 9420 §12.1, §17.4). Its content is one opaque vector, whose meaning is
 * the application's alone; the engine orders it after all proposals of RFC 9420, since it changes neither tree nor keys.
 */
export interface CustomProposalType {
  /** ProposalType code point: one that RFC 9420 does not define, preferably from the private range 0xF000 to 0xFFFF. */
  readonly type: number
  /** True if a commit of it needs a path (RFC 9420 §12.4). Say no only if it can change nobody's membership. */
  readonly requiresPath: boolean
  /** True if `external` senders may send it (RFC 9420 §12.1.8). */
  readonly fromExternalSenders: boolean
}

/** A custom proposal that a commit covers, for the application to judge before it merges. */
export interface CommittedCustomProposal {
  readonly type: number
  /** Borrowed: do not write to it. */
  readonly body: Uint8Array
  /** Who proposed it; for one by value, the committer. */
  readonly sender: Sender
}

/**
 * Checks the types that an application registers.
 *
 * @throws RangeError for a type that RFC 9420 defines or reserves, GREASE included (§13.5), or for one that is there twice
 */
export function assertCustomTypes(types: readonly CustomProposalType[]): void {
  const seen = new Set<number>()
  for (const { type } of types) {
    const isFree = Number.isInteger(type) && type > 0 && type <= 0xffff && !isDefaultProposal(type)
    if (!isFree || GREASE_VALUES.includes(type)) throw new RangeError(`${type} is not a type for custom proposals`)
    if (seen.has(type)) throw new RangeError(`custom proposal type ${type} is registered twice`)
    seen.add(type)
  }
}

/** What was registered for the type of a proposal; `undefined` for those of RFC 9420 and for unknown ones. */
export function customTypeOf(types: readonly CustomProposalType[], proposal: Proposal): CustomProposalType | undefined {
  return proposal.kind === "custom" ? types.find(({ type }) => type === proposal.type) : undefined
}

/** True if a commit of this proposal must carry a path (RFC 9420 §12.4). Unknown types do: it is the safe side. */
export function requiresPath(types: readonly CustomProposalType[], proposal: Proposal): boolean {
  if (proposal.kind === "custom") return customTypeOf(types, proposal)?.requiresPath !== false
  return proposal.kind !== "add" && proposal.kind !== "psk" && proposal.kind !== "reinit"
}

/** Claims with the registered types among them: whoever registers a type understands it (RFC 9420 §7.2). */
export function withCustomProposals(
  capabilities: Partial<Capabilities>,
  { customProposals }: { readonly customProposals: readonly CustomProposalType[] },
): Partial<Capabilities> {
  const types = customProposals.map(({ type }) => type)
  return { ...capabilities, proposals: [...(capabilities.proposals ?? []), ...types] }
}

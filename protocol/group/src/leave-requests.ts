import type { OfferedProposal, RejectReason } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import { proposalHeader } from "./leave-group.ts"
import { scheduleLeaveTurn } from "./leave-turn.ts"
import type { MemberState } from "./member-state.ts"
import { hasAdmin, withoutRolesOf } from "./permissions.ts"
import { comeAndGone, personChanges } from "./device-rules.ts"
import { leafOf, leavesOf } from "./roster.ts"

/**
 * Why a proposal is none of ours. What is refused is kept nowhere.
 *
 * - `proposal_too_large`: see {@link REQUEST_BYTES_MAX}.
 * - `proposal_not_spoken`: it is not a Remove by a member.
 * - `removal_of_another`: members remove others by commits only, where their role can be judged.
 * - `proposal_repeated`: they asked before, in this epoch.
 * - `group_closed`: a closed group does not change; whoever has enough of it just leaves.
 * - `no_admin_left`: nobody could assign roles afterwards.
 */
export type ProposalObjection =
  | "header_mismatch"
  | "proposal_too_large"
  | "proposal_not_spoken"
  | "removal_of_another"
  | "proposal_repeated"
  | "group_closed"
  | "no_admin_left"

/**
 * How many proposals of one member are kept of one epoch where commits bring them along. An honest member makes one. Whoever sends
 * different ones to different people can have the commit of another refer to one that we did not see.
 */
const COMMITTED_PER_MEMBER = 4

/**
 * Length of the longest MLSMessage that is kept. An honest one takes about 400 bytes; but whoever may pad (RFC 9420 §6.3.1) could make one
 * that fills an envelope, and the commit that has to bring it along would have no place in its own.
 */
const REQUEST_BYTES_MAX = 2048

/**
 * Takes somebody's proposal to remove themselves, and nothing else. `isCommitted`: it came with a commit that may refer to it.
 *
 * @returns why nothing was kept; `undefined` if it was
 */
export function takeLeaveRequest(
  state: MemberState,
  message: Uint8Array,
  { nowMs, isCommitted }: { readonly nowMs: number; readonly isCommitted: boolean },
): ProposalObjection | RejectReason | undefined {
  if (message.length > REQUEST_BYTES_MAX) return "proposal_too_large"
  const { group, leaving } = state
  const perMember = isCommitted ? COMMITTED_PER_MEMBER : 1
  const judged: { objection?: ProposalObjection } = {}
  const received = group.receive(message, nowMs, {
    only: "proposal",
    acceptsProposal: (offered) => {
      const objection = objectionTo(state, offered, perMember)
      if (objection !== undefined) judged.objection = objection
      return objection === undefined
    },
  })
  switch (received.kind) {
    case "proposal": {
      const { sender, reference } = received
      if (sender.kind !== "member") throw new Error("unreachable: only members' proposals are kept")
      leaving.add({ leafIndex: sender.leafIndex, reference, message: message.slice() })
      scheduleLeaveTurn(state, nowMs)
      return undefined
    }
    case "commit":
    case "own_commit":
    case "application":
      throw new Error("unreachable: only proposals are opened")
    case "rejected":
      return judged.objection ?? (received.reason === "not_allowed" ? "header_mismatch" : received.reason)
  }
}

function objectionTo(
  state: MemberState,
  { proposal, sender, authenticatedData }: OfferedProposal,
  perMember: number,
): ProposalObjection | undefined {
  if (!equalBytes(authenticatedData, proposalHeader(state))) return "header_mismatch"
  if (proposal.kind !== "remove" || sender.kind !== "member") return "proposal_not_spoken"
  if (sender.leafIndex !== proposal.removed) return "removal_of_another"
  if (state.leaving.countOf(sender.leafIndex) >= perMember) return "proposal_repeated"
  const { settings } = state.profile
  if (settings === undefined) return undefined
  if (settings.isClosed) return "group_closed"
  const member = state.group.member(sender.leafIndex)
  if (member === undefined) return "proposal_not_spoken"
  // Their role stays while another device of theirs does.
  const { gone } = comeAndGone(personChanges(leavesOf(state.group), { added: [], removed: [leafOf(member)] }))
  return hasAdmin(withoutRolesOf(settings, gone)) ? undefined : "no_admin_left"
}

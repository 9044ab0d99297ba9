import { equalBytes } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import { observeAnswer } from "../follow-log.ts"
import type { Member } from "../member.ts"
import type { MemberState } from "../member-state.ts"

/**
 * What the delivery service signed for the member that we were is still held against what it signs from now on, and what is proven
 * stays proven. Call it when the new member takes the place of `earlier`: that one may have been shown more since the commit was made.
 */
export function takeHeadsOver(state: MemberState, earlier: Member, draft: Draft): void {
  const { heads, keys, limits } = state
  heads.proof ??= earlier.serverProof
  const span = BigInt(limits.headsKept)
  for (let epoch = keys.epoch + span; epoch >= 0n && epoch + span >= keys.epoch; epoch--) {
    const head = earlier.signedHead(epoch)
    const known = heads.signedAt(epoch)
    if (head === undefined) continue
    if (known === undefined) heads.remember(head, keys.epoch, limits.headsKept)
    else if (!equalBytes(known.hash, head.hash)) observeAnswer(state, head, 0n, draft)
  }
}

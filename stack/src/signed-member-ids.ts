import type { Member, MergeReport } from "@qpc/mls"
import { signedMemberId } from "./member-id-extension.ts"

/** Why signed member ids are refused: one that is none, one of two leaves, or one that changes. */
export type SignedIdRefusal = "member_id_malformed" | "member_id_taken" | "member_id_changed"

/** Whether the ids that these leaves sign are distinct ids. Leaves that sign none are free to be anybody's. */
export function refusalOfSignedIds(members: readonly Member[]): SignedIdRefusal | undefined {
  const seen = new Set<number>()
  for (const { extensions } of members) {
    const memberId = signedMemberId(extensions)
    if (memberId === "malformed") return "member_id_malformed"
    if (memberId === undefined) continue
    if (seen.has(memberId)) return "member_id_taken"
    seen.add(memberId)
  }
  return undefined
}

/** Whether a commit leaves the ids of all members distinct, and those of members who stay what they were. */
export function refusalOfCommit(members: readonly Member[], report: MergeReport): SignedIdRefusal | undefined {
  const after = new Map(members.map((member) => [member.leafIndex, member]))
  for (const updated of report.updated) {
    const before = after.get(updated.leafIndex)
    const isOther = before !== undefined && signedMemberId(before.extensions) !== signedMemberId(updated.extensions)
    if (isOther) return "member_id_changed"
    after.set(updated.leafIndex, updated)
  }
  for (const { leafIndex } of report.removed) after.delete(leafIndex)
  for (const added of report.added) after.set(added.leafIndex, added)
  return refusalOfSignedIds([...after.values()])
}

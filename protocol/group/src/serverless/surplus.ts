import { compareBytes, equalBytes, toHex } from "@qpc/wire"
import { forgetBranch } from "./forget.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessState } from "./serverless-state.ts"

/**
 * Takes leave of the epochs that commits of one author lead to, beyond the limit for one epoch: the shortest go, and of two alike the one
 * whose hash is greater, which would never be chosen. So all who hear of the same commits are on the same branch, in whatever order they
 * came; with "first come, first served" their author could divide a group for good.
 *
 * Whatever others went on from stays, beyond the limit, because a branch is chosen by what grew on it. That may come after the commit, so
 * nothing remembers that one was dropped: it is looked at again when it comes again. Where we have used keys of ours, that would use them
 * twice, so such an epoch stays, too.
 */
export function dropSurplus(state: ServerlessState, draft: ServerlessDraft): readonly KeptEpoch[] {
  const dropped: KeptEpoch[] = []
  for (const parent of state.root.all()) {
    for (const epoch of surplusOf(state, parent)) {
      epoch.leaveParent()
      forgetBranch(state, epoch, draft)
      dropped.push(epoch)
    }
  }
  return dropped
}

/** True if so many commits of one author were forgotten for want of room that no other one of this epoch is followed. */
export function hasTooMany({ limits }: ServerlessState, { forgotten }: KeptEpoch, committer: Uint8Array): boolean {
  return forgotten.filter((one) => equalBytes(one.committer, committer)).length >= limits.commitsOfOneAuthor
}

function surplusOf(state: ServerlessState, parent: KeptEpoch): readonly KeptEpoch[] {
  const open = parent.children.filter((child) => !isBacked(state, child))
  const byAuthor = Map.groupBy(open, (child) => authorOf(child))
  return [...byAuthor].flatMap(([author, siblings]) => {
    const forgotten = parent.forgotten.filter(({ committer }) => toHex(committer) === author)
    const room = Math.max(0, state.limits.commitsOfOneAuthor - forgotten.length)
    const ranked = siblings.toSorted((a, b) => depthOf(b) - depthOf(a) || compareHashes(a, b))
    return ranked.slice(room).filter((child) => !state.path.includes(child))
  })
}

/** True if somebody but its author was heard there or behind it or went on from there, or it is ours, or we have used keys of it. */
function isBacked({ device }: ServerlessState, child: KeptEpoch): boolean {
  const author = authorOf(child)
  return [...child.all()].some((epoch) => {
    if (authorOf(epoch) !== author || equalBytes(epoch.origin!.device, device)) return true
    return [...epoch.witnesses].some((person) => person !== author) || epoch.state?.group.hasSent === true
  })
}

/** Commits in a row, at most. */
const depthOf = ({ children }: KeptEpoch): number => 1 + Math.max(0, ...children.map(depthOf))

const compareHashes = (a: KeptEpoch, b: KeptEpoch): number => compareBytes(a.origin!.commitHash, b.origin!.commitHash)

const authorOf = ({ origin }: KeptEpoch): string => toHex(origin!.committer)

import type { Proposal } from "./proposal.ts"
import type { QueuedProposal } from "./proposal-queue.ts"

/**
 * Picks the queued proposals that can go into one commit of ours (RFC 9420 §12.2: "prefer any Remove received, or the
 * most recent Update"; §12.4). Whether each of them is valid is found out by trying.
 *
 * @param own - What the commit does by value; it wins over what is queued.
 */
export function selectQueued(
  queued: readonly QueuedProposal[],
  own: readonly Proposal[],
  committer: { readonly leafIndex: number },
): QueuedProposal[] {
  const removed = new Set<number>()
  for (const proposal of own) if (proposal.kind === "remove") removed.add(proposal.removed)
  const changesExtensions = own.some(({ kind }) => kind === "group_context_extensions")
  const lastUpdates = new Map<number, QueuedProposal>()
  const selected = new Set<QueuedProposal>()
  let extensions: QueuedProposal | undefined
  for (const item of queued) {
    const { proposal, sender } = item
    if (proposal.kind === "remove") {
      if (proposal.removed === committer.leafIndex || removed.has(proposal.removed)) continue
      removed.add(proposal.removed)
      selected.add(item)
    } else if (proposal.kind === "update") {
      if (sender.kind === "member" && sender.leafIndex !== committer.leafIndex) lastUpdates.set(sender.leafIndex, item)
    } else if (proposal.kind === "group_context_extensions") {
      if (!changesExtensions) extensions = item
    } else if (proposal.kind === "add" || proposal.kind === "psk" || proposal.kind === "custom") {
      selected.add(item)
    }
  }
  for (const [leafIndex, item] of lastUpdates) if (!removed.has(leafIndex)) selected.add(item)
  if (extensions !== undefined) selected.add(extensions)
  if (selected.size > 0 || own.length > 0) return queued.filter((item) => selected.has(item))
  // A ReInit goes alone, and only where nothing else was asked for (RFC 9420 §12.2).
  return queued.filter(({ proposal }) => proposal.kind === "reinit").slice(0, 1)
}

import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { CommitPage, CommitRange, LoggedCommit, StoredHead } from "./storage.ts"

/** One channel; see `MemoryStorage`. */
export interface Channel {
  currentEpoch: number
  head: StoredHead | undefined
  members: Set<string>
  /** In which epoch people were removed, by key. */
  removedIn: Map<string, number>
  commits: { readonly epoch: number; readonly payload: Uint8Array; readonly expiresAtMs: number }[]
}

/** As the first commit finds it. */
export function newChannel(currentEpoch: number): Channel {
  return { currentEpoch, head: undefined, members: new Set(), removedIn: new Map(), commits: [] }
}

/** One that changes by itself. What is in it is never changed in place, but for the removed. */
export const copyOfChannel = (channel: Channel): Channel => ({
  ...channel,
  removedIn: new Map(channel.removedIn),
  commits: [...channel.commits],
})

/** The epoch behind the last commit that somebody may read. */
export function newestEpochFor({ currentEpoch, members, removedIn }: Channel, reader: IdentityKey): number | undefined {
  const key = toHex(reader)
  if (members.has(key)) return currentEpoch
  const removed = removedIn.get(key)
  return removed === undefined ? undefined : removed + 1
}

/** A part of a channel's log. */
export function pageOf({ commits }: Channel, newestEpoch: number, range: CommitRange): CommitPage {
  const kept = commits.filter(({ epoch, expiresAtMs }) => epoch < newestEpoch && expiresAtMs > range.nowMs)
  const page: LoggedCommit[] = []
  let bytes = 0
  for (const { epoch, payload } of kept.filter((commit) => commit.epoch >= range.fromEpoch)) {
    bytes += payload.length
    if (page.length === range.limit || (page.length > 0 && bytes > range.limitBytes)) break
    page.push({ epoch, payload })
  }
  return { commits: page, oldestEpoch: kept[0]?.epoch ?? newestEpoch, newestEpoch }
}

import type { LoggedCommit, MemoryStorage, Storage } from "@qpc/server/core"
import { equalBytes, toHex } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"

/** Which parts of a server's disk were put back from older copies. */
export class Restored {
  /** Channels, by id in hexadecimal, and the copy that they are from. */
  readonly channels = new Map<string, MemoryStorage>()
  /** Channels whose commits were damaged on the way back, by id in hexadecimal. */
  readonly damaged = new Set<string>()
  /** Where the inbox is from. */
  inbox: MemoryStorage | undefined
  /** Where the key packages are from. */
  stock: MemoryStorage | undefined
  /** True if the server was set up anew, with a key of its own. */
  isNewKey = false

  /** True while everything is as the server has written it. */
  get isWhole(): boolean {
    const parts = [this.inbox, this.stock, ...this.channels.values(), ...this.damaged]
    return parts.every((part) => part === undefined) && !this.isNewKey
  }
}

/**
 * The disk of a server whose operator has put parts of it back from backups of different times: what one reader sees of these parts
 * is old. What is written goes to the present disk.
 */
export function restoredStorage(present: MemoryStorage, restored: Restored, reader: IdentityKey): Storage {
  const isReader = (key: IdentityKey): boolean => equalBytes(key, reader)
  const inboxOf = (key: IdentityKey): MemoryStorage => (isReader(key) ? (restored.inbox ?? present) : present)
  const stockOf = (key: IdentityKey): MemoryStorage => (isReader(key) ? (restored.stock ?? present) : present)
  const channelOf = (key: IdentityKey, id: GroupId): MemoryStorage =>
    isReader(key) ? (restored.channels.get(toHex(id)) ?? present) : present
  return {
    keepFirst: async (name, candidate) => (restored.isNewKey ? candidate.slice() : present.keepFirst(name, candidate)),
    createAccount: (account) => present.createAccount(account),
    accountByUsernameKey: (key) => present.accountByUsernameKey(key),
    accountByIdentity: (key) => present.accountByIdentity(key),
    addDevice: (device, limits) => present.addDevice(device, limits),
    device: (key) => present.device(key),
    devices: (key) => present.devices(key),
    revokeDevice: (key, revocation) => present.revokeDevice(key, revocation),
    createSession: (session, limit) => present.createSession(session, limit),
    session: (hash, nowMs) => present.session(hash, nowMs),
    addKeyPackages: (key, packages, at) => stockOf(key).addKeyPackages(key, packages, at),
    takeKeyPackage: (key, nowMs) => stockOf(key).takeKeyPackage(key, nowMs),
    keepLastResort: (key, lastResort) => stockOf(key).keepLastResort(key, lastResort),
    lastResort: (key, nowMs) => stockOf(key).lastResort(key, nowMs),
    enqueue: (batch, limits) => present.enqueue(batch, limits),
    peek: (inbox, range) => inboxOf(inbox).peek(inbox, range),
    acknowledge: (inbox, seqUpTo, nowMs) => inboxOf(inbox).acknowledge(inbox, seqUpTo, nowMs),
    newestSeq: (inbox) => inboxOf(inbox).newestSeq(inbox),
    commitsLeftOut: (inbox) => inboxOf(inbox).commitsLeftOut(inbox),
    commits: async (channelId, key, range) => {
      const page = await channelOf(key, channelId).commits(channelId, key, range)
      const isDamaged = isReader(key) && restored.damaged.has(toHex(channelId))
      return page !== undefined && isDamaged ? { ...page, commits: page.commits.map(damaged) } : page
    },
    standing: async (key, channelIds) => {
      const { newestSeq, commitsLeftOut } = await inboxOf(key).standing(key, [])
      const found = await Promise.all(channelIds.map((id) => channelOf(key, id).standing(key, [id])))
      return { epochs: found.flatMap(({ epochs }) => epochs), newestSeq, commitsLeftOut }
    },
    sweep: (nowMs) => present.sweep(nowMs),
    [Symbol.asyncDispose]: () => present[Symbol.asyncDispose](),
  }
}

/** With another last bit. */
function damaged({ epoch, payload }: LoggedCommit): LoggedCommit {
  const last = payload.length - 1
  return { epoch, payload: payload.with(last, (payload[last] ?? 0) ^ 1) }
}

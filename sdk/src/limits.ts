import type { ClientLimits } from "./api.ts"

const DAY_MS = 24 * 60 * 60 * 1000

/** The defaults that `ClientLimits` names. */
export const DEFAULT_LIMITS: ClientLimits = {
  eventsUnread: 1024,
  callsWaiting: 1024,
  outboxRows: 10_000,
  heldRows: 1000,
  controlRows: 64,
  gapsKept: 128,
  fullInboxMs: 3 * DAY_MS,
  inviteRoomMs: 30_000,
  outboxLanes: 16,
  parkedPerGroup: 256,
  parkedGroups: 64,
  parkedBytes: 64 * 1024 * 1024,
  parkedMs: 7 * DAY_MS,
  noticesKept: 1000,
  textBytes: 64 * 1024,
  pastEpochs: 3,
  keyPackageStock: 50,
  keyPackageLow: 20,
  keyPackagesKept: 1000,
  keyPackageLifetimeMs: 28 * DAY_MS,
  lastResortLifetimeMs: 84 * DAY_MS,
  callDeadlineMs: 30_000,
  rejoinAttempts: 8,
  retryCapMs: 30_000,
}

/** Completes what a caller chose. @throws RangeError for a limit that is not a positive integer */
export function completeLimits(chosen: Partial<ClientLimits> = {}): ClientLimits {
  const limits = { ...DEFAULT_LIMITS, ...chosen }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`)
  }
  return limits
}

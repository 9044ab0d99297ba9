import type { CapsuleGroup, CapsuleProfile } from "../doctor/capsule.ts"

/** What a capsule says of two people between whom all is well. */
export const healthyGroup: CapsuleGroup = {
  group: 1,
  findings: [{ state: "healthy", facts: {} }],
  phase: "member",
  rejoin: null,
  isClosed: false,
  persons: 2,
  devices: 2,
  server: { ahead: 0, isLogShort: false },
  pending: null,
  queued: [],
  isLeaving: false,
  isHalting: false,
  heldTexts: 0,
  parked: [],
  outbox: { unsent: 0, held: 0 },
  failedTexts: 0,
}

/** What it says of a profile that was in use minutes ago. */
export const healthyProfile: CapsuleProfile = {
  isRegistered: true,
  isLoggedIn: true,
  server: "answered",
  newestStored: "minutes",
  serverClock: "none",
  inbox: { ahead: 0, isWaiting: false },
  keyPackages: { kept: 5, valid: 5, there: { available: 4, isLow: false, hasLastResort: true, lastResortUses: 0 } },
  awaited: { groups: 0, envelopes: 0 },
}

import { healthyGroup, healthyProfile } from "@qpc/sdk/testing"
import type { Capsule, CapsuleFacts, CapsuleFinding, CapsuleGroup, CapsuleProfile, StuckState } from "@qpc/sdk"

const VERSIONS = { program: "0.0.0", memberState: 4, schema: 3 }

const found = (state: StuckState, facts: CapsuleFacts = {}): CapsuleFinding => ({ state, facts })

/** A group that differs from a healthy one in this. */
export function groupWith(findings: readonly CapsuleFinding[], facts: Partial<CapsuleGroup> = {}): CapsuleGroup {
  return { ...healthyGroup, findings, ...facts }
}

/** A profile that opens. */
export function capsuleWith(
  groups: readonly CapsuleGroup[],
  facts: Partial<CapsuleProfile> = {},
  findings: readonly CapsuleFinding[] = [found("healthy")],
): Capsule {
  const profile = { ...healthyProfile, ...facts }
  const numbered = groups.map((group, at) => Object.assign({}, group, { group: at + 1 }))
  return { capsule: 1, versions: VERSIONS, isSynchronised: false, findings, profile, groups: numbered }
}

const rename = { kind: "rename", attempts: 1 }
const renaming: CapsuleFacts = { intents: "rename", epochsAhead: 0 }
const at = (ahead: number, isLogShort = false): CapsuleGroup["server"] => ({ ahead, isLogShort })

/** One group for each state that a group can be in, by what is with it. */
export const GROUPS: Readonly<Record<string, CapsuleGroup>> = {
  healthy: healthyGroup,
  "nobody else in it, known to nobody": groupWith([found("healthy")], { persons: 1, devices: 1, server: "unknown" }),
  "everybody else removed": groupWith([found("healthy")], { persons: 1, devices: 1 }),
  "several devices of the others": groupWith([found("behind", { epochsAhead: 1 })], {
    persons: 3,
    devices: 6,
    server: at(1),
  }),
  "texts that failed": groupWith([found("text_failed", { messageCount: 2 })], { failedTexts: 2 }),
  behind: groupWith([found("behind", { epochsAhead: 2 })], { server: at(2) }),
  "away for longer than the log": groupWith([found("history_gone", { epochsAhead: 3, oldestEpochsAhead: 2 })], {
    server: at(3, true),
  }),
  "a change, others behind it, and texts": groupWith(
    [
      found("pending_commit_sending", renaming),
      found("intent_waiting", { intents: "set_timer set_roles update_keys remove close" }),
      found("outbox_waiting", { messageCount: 2 }),
    ],
    {
      pending: { stage: "sending", intents: [rename] },
      queued: ["set_timer", "set_roles", "update_keys", "remove", "close"].map((kind) => ({ kind, attempts: 0 })),
      outbox: { unsent: 3, held: 0 },
    },
  ),
  "a change without an echo": groupWith(
    [found("behind", { epochsAhead: 1 }), found("pending_commit_unanswered", renaming)],
    { pending: { stage: "sent", intents: [rename] }, server: at(1) },
  ),
  "a change that the server lost": groupWith([found("pending_commit_lost", renaming)], {
    pending: { stage: "sent", intents: [rename] },
  }),
  "a change that came second": groupWith(
    [found("behind", { epochsAhead: 1 }), found("pending_commit_overtaken", renaming)],
    { pending: { stage: "overtaken", intents: [rename] }, server: at(1) },
  ),
  "texts without room": groupWith([found("outbox_full_inbox", { messageCount: 2 })], {
    outbox: { unsent: 0, held: 2 },
  }),
  leaving: groupWith([found("leaving")], { isLeaving: true }),
  "leaving without a network": groupWith([found("leaving"), found("outbox_waiting", { messageCount: 2 })], {
    isLeaving: true,
    outbox: { unsent: 2, held: 0 },
  }),
  "texts that wait until somebody has left": groupWith(
    [found("pending_commit_sending", { intents: "upkeep", epochsAhead: 0 }), found("texts_held", { textCount: 2 })],
    {
      persons: 3,
      devices: 3,
      heldTexts: 2,
      pending: { stage: "sending", intents: [{ kind: "upkeep", attempts: 1 }] },
      outbox: { unsent: 1, held: 0 },
    },
  ),
  "messages before their change": groupWith([found("parked_for_commit", { epochsAhead: 1, envelopeCount: 2 })], {
    parked: [{ epochsAhead: 1, envelopes: 2 }],
  }),
  "a server that is behind": groupWith([found("server_behind", { epochsAhead: -2 })], { server: at(-2) }),
  "a server that lost it": groupWith([found("server_lost_group", { memberCount: 2 })], { server: "unknown" }),
  "two histories": groupWith([found("intent_halted", { intentCount: 0 })], { isHalting: true }),
  removed: groupWith([found("removed", { epochsAhead: 0 })], { phase: "removed", server: null }),
  left: groupWith([found("left", { epochsAhead: 0 })], { phase: "left", server: null }),
  closed: groupWith([found("closed")], { isClosed: true }),
}

/** What is not true of a group beside all others. */
const lost = (cause: string, facts: Partial<CapsuleGroup>): CapsuleGroup =>
  groupWith([found("rejoining", { cause, attempt: 1 })], {
    rejoin: { cause, attempts: 1, hasGivenUp: false },
    ...facts,
  })
const copied = lost("must_rejoin", { phase: "must_rejoin", server: null })
const notFollowed = groupWith([found("not_followed", { cause: "not_followed", attempt: 0 })], {
  rejoin: { cause: "not_followed", attempts: 0, hasGivenUp: true },
  server: at(2),
})
const left = lost("history_gone", { server: at(3, true) })

const stock = (available: number, isLow: boolean, lastResortUses = 0): CapsuleProfile["keyPackages"] => ({
  kept: 5,
  valid: 5,
  there: { available, isLow, hasLastResort: true, lastResortUses },
})
const noStock = { available: 0, isLow: true, hasLastResort: false, lastResortUses: 0 }
const waiting = groupWith([found("outbox_waiting", { messageCount: 1 })], {
  server: null,
  outbox: { unsent: 1, held: 0 },
})

/** A profile that the server was asked about in vain. */
function unanswered(state: StuckState, code: string): Capsule {
  const keyPackages = { kept: 5, valid: 5, there: null }
  const facts = { server: "failed", serverClock: null, inbox: null, keyPackages } as const
  return capsuleWith([waiting], facts, [found(state, { code })])
}

/** A profile that could not be opened, or not be written. */
const closed = (state: StuckState, facts: CapsuleFacts = {}): Capsule => ({
  ...capsuleWith([], {}, [found(state, facts)]),
  profile: null,
})

const NEW: Partial<CapsuleProfile> = { newestStored: "never" }

/** One capsule for each state that a profile can be in, by what is with it. */
export const PROFILES: Readonly<Record<string, Capsule>> = {
  "nobody registered": capsuleWith(
    [],
    {
      ...NEW,
      isRegistered: false,
      isLoggedIn: false,
      server: "not_asked",
      serverClock: null,
      inbox: null,
      keyPackages: { kept: 0, valid: 0, there: null },
    },
    [found("not_registered")],
  ),
  "nothing wrong after a repair": { ...capsuleWith([healthyGroup]), isSynchronised: true },
  "a change that cannot be followed": { ...capsuleWith([notFollowed]), isSynchronised: true },
  "changes that are gone": { ...capsuleWith([left]), isSynchronised: true },
  "a copied profile": capsuleWith([copied], { inbox: { ahead: 1, isWaiting: false } }),
  "no network": unanswered("waiting_for_network", "unreachable"),
  "no answer": unanswered("waiting_for_network", "timeout"),
  "a server that slows us down": unanswered("waiting_for_network", "rate_limited"),
  "a login that is forgotten": unanswered("logged_out", "session_expired"),
  "another server": unanswered("server_changed", "server_changed"),
  "messages that wait": capsuleWith([healthyGroup], { inbox: { ahead: 3, isWaiting: true } }, [found("inbox_waiting")]),
  "messages that expired": capsuleWith([healthyGroup], { inbox: { ahead: 16, isWaiting: false } }),
  "an inbox that was lost": capsuleWith([healthyGroup], { inbox: { ahead: -3, isWaiting: false } }, [
    found("server_lost_inbox"),
  ]),
  "no invitation": capsuleWith([], { ...NEW, awaited: { groups: 1, envelopes: 2 }, keyPackages: stock(3, false) }, [
    found("invitation_awaited", { envelopeCount: 2, groupCount: 1 }),
  ]),
  "a clock that is behind": capsuleWith([healthyGroup], { serverClock: "+1d", newestStored: "future" }, [
    found("clock_wrong", { knownBy: "server", offset: "+1d" }),
  ]),
  "a clock that is ahead": capsuleWith([healthyGroup], { serverClock: "-30d", newestStored: "months" }, [
    found("clock_wrong", { knownBy: "server", offset: "-30d" }),
  ]),
  "keys that are old": capsuleWith(
    [
      groupWith([found("pending_commit_sending", { intents: "upkeep", epochsAhead: 0 })], {
        pending: { stage: "sending", intents: [{ kind: "upkeep", attempts: 1 }] },
        outbox: { unsent: 1, held: 0 },
      }),
    ],
    { newestStored: "years" },
  ),
  "a clock that is years ahead": capsuleWith([healthyGroup], { serverClock: "-1y", newestStored: "years" }, [
    found("clock_wrong", { knownBy: "server", offset: "-1y" }),
  ]),
  "no key packages": capsuleWith([], { ...NEW, keyPackages: { kept: 5, valid: 5, there: noStock } }, [
    found("key_packages_none"),
  ]),
  "old key packages": capsuleWith([], { ...NEW, keyPackages: { kept: 5, valid: 0, there: noStock } }, [
    found("key_packages_none"),
    found("key_packages_expired", { keptCount: 5 }),
  ]),
  "the last resort": capsuleWith([], { ...NEW, keyPackages: stock(0, true, 2) }, [
    found("key_packages_last_resort", { availableCount: 0, lastResortUses: 2 }),
  ]),
  "few key packages": capsuleWith([], { ...NEW, keyPackages: stock(1, true) }, [
    found("key_packages_low", { availableCount: 1 }),
  ]),
  "a full disk": closed("disk_full"),
  "a failing disk": closed("disk_failing"),
  "a damaged group, and more that keeps the profile shut": closed("group_damaged"),
  "a damaged group beside one that is whole": capsuleWith([healthyGroup], {}, [
    found("healthy"),
    found("group_damaged"),
  ]),
  "damaged messages beside all else": capsuleWith([healthyGroup], { inbox: { ahead: 3, isWaiting: true } }, [
    found("record_damaged", { collection: "messages" }),
    found("record_damaged", { collection: "sent" }),
    found("inbox_waiting"),
    found("group_damaged"),
  ]),
  "a damaged identity": closed("identity_damaged"),
  "a damaged key package": closed("record_damaged", { collection: "key_packages" }),
  "a damaged setting": closed("record_damaged", { collection: "settings", record: "cursor" }),
}

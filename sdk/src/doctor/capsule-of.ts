import { STATE_VERSION } from "@qpc/group"
import type { IntentCondition, MemberCondition } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import { CAPSULE_LIMITS } from "./capsule-codec.ts"
import type {
  Capsule,
  CapsuleFacts,
  CapsuleFinding,
  CapsuleGroup,
  CapsuleIntent,
  CapsulePending,
  CapsuleProfile,
  CapsuleRejoin,
  CapsuleVersions,
} from "./capsule.ts"
import { ageOf, levelOf, offsetOf } from "./coarse.ts"
import type { Diagnosis, Finding, Grounds } from "./finding.ts"
import type { Asked, GroupAnswer, GroupSnapshot, ProfileSnapshot } from "./snapshot.ts"

/**
 * What a diagnosis was made from, as it can be shown to others: only what is named here is taken over, so that what a later state
 * adds to its facts stays at home until somebody has thought about it.
 *
 * @param versions - of the program, and of its database
 */
export function capsuleOf(diagnosis: Diagnosis, versions: Omit<CapsuleVersions, "memberState">): Capsule {
  const { grounds, findings } = diagnosis
  const { program, schema } = versions
  const groups = grounds === undefined ? [] : groupsOf(grounds, findings)
  const isAboutGroup = (one: Finding): boolean =>
    grounds?.profile.groups.some(({ groupId }) => isAbout(one, groupId)) === true
  return {
    capsule: 1,
    versions: { program, memberState: STATE_VERSION, schema },
    isSynchronised: grounds?.isSynchronised ?? false,
    findings: redacted(findings.filter((one) => !isAboutGroup(one))),
    profile: grounds === undefined ? null : profileOf(grounds),
    groups: groups.map(numbered),
  }
}

const numbered = (group: CapsuleGroup, index: number): CapsuleGroup => ({ ...group, group: index + 1 })

/** Sorted by what they say: the order of ids would be one more thing that tells profiles apart. */
function groupsOf({ profile, asked }: Grounds, findings: readonly Finding[]): readonly CapsuleGroup[] {
  return profile.groups
    .map((group) => {
      const about = findings.filter((one) => isAbout(one, group.groupId))
      return groupOf(group, asked, redacted(about, group.epoch))
    })
    .map((group) => ({ group, text: JSON.stringify(group) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .slice(0, CAPSULE_LIMITS.groups)
    .map(({ group }) => group)
}

const isAbout = ({ groupId }: Finding, wanted: Uint8Array): boolean =>
  groupId !== undefined && equalBytes(groupId, wanted)

function profileOf({ profile, asked }: Grounds): CapsuleProfile {
  const { isRegistered, isLoggedIn, clock, parked } = profile
  const answer = asked.kind === "answered" ? asked : undefined
  const serverClock = answer?.clock
  return {
    isRegistered,
    isLoggedIn,
    server: asked.kind,
    newestStored: ageOf(clock.newestStoredMs, clock.nowMs),
    serverClock: serverClock === undefined ? null : offsetOf(serverClock.offsetMs, serverClock.uncertaintyMs),
    inbox: answer ? { ahead: levelOf(answer.newestSeq - profile.cursorSeq), isWaiting: answer.isInboxWaiting } : null,
    keyPackages: keyPackagesOf(profile, asked),
    awaited: { groups: levelOf(parked.groupCount), envelopes: levelOf(parked.envelopeCount) },
  }
}

function keyPackagesOf({ keyPackages, keyPackageLow }: ProfileSnapshot, asked: Asked): CapsuleProfile["keyPackages"] {
  const own = { kept: levelOf(keyPackages.keptCount), valid: levelOf(keyPackages.validCount) }
  if (asked.kind !== "answered") return { ...own, there: null }
  const { availableCount, hasLastResort, lastResortUses } = asked.keyPackages
  const isLow = availableCount < keyPackageLow
  const there = { available: levelOf(availableCount), isLow, hasLastResort, lastResortUses: levelOf(lastResortUses) }
  return { ...own, there }
}

function groupOf(group: GroupSnapshot, asked: Asked, findings: readonly CapsuleFinding[]): CapsuleGroup {
  const { condition, outbox, epoch } = group
  return {
    group: 0,
    findings,
    phase: phaseOf(condition),
    rejoin: rejoinOf(group),
    isClosed: group.isClosed,
    persons: levelOf(group.memberCount),
    devices: levelOf(group.deviceCount),
    server: channelOf(group, asked),
    pending: pendingOf(group),
    queued: intentsOf(condition.queued),
    isLeaving: condition.isLeaveProposed,
    isHalting: condition.isHalting,
    heldTexts: levelOf(condition.heldTextCount),
    parked: condition.parked
      .slice(0, CAPSULE_LIMITS.parked)
      .map((one) => ({ epochsAhead: levelOf(one.epoch - epoch), envelopes: levelOf(one.count) })),
    outbox: { unsent: levelOf(outbox.unsentCount), held: levelOf(outbox.heldCount) },
    failedTexts: levelOf(group.failedCount),
  }
}

const PHASES = { removed_from_group: "removed", left_group: "left", must_rejoin: "must_rejoin" } as const

const phaseOf = ({ ending }: MemberCondition): CapsuleGroup["phase"] =>
  ending === undefined ? "member" : PHASES[ending]

function rejoinOf({ rejoin }: GroupSnapshot): CapsuleRejoin | null {
  if (rejoin === undefined) return null
  const { cause, attempt, gaveUp } = rejoin
  return { cause, attempts: levelOf(attempt), hasGivenUp: gaveUp !== undefined }
}

function channelOf({ groupId, epoch, condition }: GroupSnapshot, asked: Asked): CapsuleGroup["server"] {
  if (asked.kind !== "answered" || condition.ending !== undefined) return null
  const answer: GroupAnswer | undefined = asked.groups.find((one) => equalBytes(one.groupId, groupId))
  if (answer === undefined) return "unknown"
  const { oldestEpoch } = answer
  return { ahead: levelOf(answer.epoch - epoch), isLogShort: oldestEpoch !== undefined && oldestEpoch > epoch }
}

function pendingOf({ condition: { pending }, outbox }: GroupSnapshot): CapsulePending | null {
  if (pending === undefined) return null
  const stage = outbox.hasPending ? "sending" : pending.isLost ? "overtaken" : "sent"
  return { stage, intents: intentsOf(pending.intents) }
}

const intentsOf = (intents: readonly IntentCondition[]): readonly CapsuleIntent[] =>
  intents.slice(0, CAPSULE_LIMITS.intents).map(({ kind, attempt }) => ({ kind, attempts: levelOf(attempt) }))

/** @param epoch - of the group that they are about */
function redacted(findings: readonly Finding[], epoch: bigint = 0n): readonly CapsuleFinding[] {
  return findings.slice(0, CAPSULE_LIMITS.findings).map(({ state, facts }) => ({ state, facts: safe(facts, epoch) }))
}

const COUNTS = [
  "attempt",
  "availableCount",
  "envelopeCount",
  "groupCount",
  "intentCount",
  "keptCount",
  "lastResortUses",
  "memberCount",
  "messageCount",
  "textCount",
] as const
const WORDS = ["code", "knownBy", "cause", "reason", "collection", "record"] as const

function safe(facts: Finding["facts"], epoch: bigint): CapsuleFacts {
  const numberOf = (name: string): number | undefined => {
    const value = facts[name]
    return typeof value === "number" ? value : undefined
  }
  const [newest, oldest] = [numberOf("serverEpoch") ?? numberOf("epoch"), numberOf("oldestEpoch")]
  const [offsetMs, uncertaintyMs] = [numberOf("offsetMs"), numberOf("uncertaintyMs")]
  const texts = WORDS.flatMap((name) => (typeof facts[name] === "string" ? [[name, facts[name]] as const] : []))
  const counts = COUNTS.flatMap((name) => {
    const count = numberOf(name)
    return count === undefined ? [] : [[name, levelOf(count)] as const]
  })
  const { intents } = facts
  return {
    ...Object.fromEntries(texts),
    ...(typeof intents === "string" && {
      intents: intents.split(" ").slice(0, CAPSULE_LIMITS.intents).join(" "),
    }),
    ...(offsetMs !== undefined && { offset: offsetOf(offsetMs, uncertaintyMs ?? 0) }),
    ...(newest !== undefined && { epochsAhead: levelOf(newest - Number(epoch)) }),
    ...(oldest !== undefined && { oldestEpochsAhead: levelOf(oldest - Number(epoch)) }),
    ...Object.fromEntries(counts),
  }
}

import { AGES, LEVELS, OFFSETS } from "./coarse.ts"
import type {
  Capsule,
  CapsuleChannel,
  CapsuleFacts,
  CapsuleFinding,
  CapsuleGroup,
  CapsuleIntent,
  CapsuleProfile,
  CapsuleVersions,
} from "./capsule.ts"
import { anyOf, CapsuleError, exactly, flag, integer, listOf, matching, oneOf, orNull } from "./json-shape.ts"
import type { Shape } from "./json-shape.ts"
import { MEANINGS } from "./meanings.ts"
import { COLLECTIONS } from "../store.ts"
import type { StuckState } from "./stuck-state.ts"

/** Bounds of a capsule. A profile with more groups than this has a capsule of the first ones. */
export const CAPSULE_LIMITS = {
  /** The whole document in UTF-16 units. */
  characters: 1_048_576,
  /** Lists and objects within each other. */
  depth: 8,
  /** Lists and objects together. */
  containers: 20_000,
  groups: 256,
  findings: 32,
  intents: 32,
  parked: 8,
} as const

const VERSION = 1

/** The one way in which a capsule is written: a JSON document for people to read, with a line break at the end. */
export function encodeCapsule(capsule: Capsule): string {
  return `${JSON.stringify(capsuleShape.read(capsule, ""), undefined, 2)}\n`
}

/**
 * Reads a capsule that somebody sent. Line breaks may be those of another system; nothing else may differ from
 * {@link encodeCapsule}, so that two capsules are equal exactly where their texts are.
 *
 * @throws CapsuleError
 */
export function decodeCapsule(text: string): Capsule {
  if (text.length > CAPSULE_LIMITS.characters) throw new CapsuleError("too_large")
  assertFlat(text)
  const value = parsed(text)
  if (typeof value === "object" && value !== null && "capsule" in value && value.capsule !== VERSION) {
    throw new CapsuleError("unknown_version", "capsule")
  }
  const capsule = capsuleShape.read(value, "")
  capsule.groups.forEach(({ group }, at) => {
    if (group !== at + 1) throw new CapsuleError("malformed", `groups[${at}].group`)
  })
  if (encodeCapsule(capsule) !== text.replaceAll("\r\n", "\n")) throw new CapsuleError("not_canonical")
  return capsule
}

/** Counts what is open before the parser does anything with it. What is no JSON is counted, too, and refused later. */
function assertFlat(text: string): void {
  let [depth, containers] = [0, 0]
  let isInText = false
  for (let at = 0; at < text.length; at++) {
    const unit = text[at]
    if (unit === "\\" && isInText) at += 1
    else if (unit === '"') isInText = !isInText
    else if (isInText) continue
    else if (unit === "{" || unit === "[") {
      depth += 1
      containers += 1
    } else if (unit === "}" || unit === "]") depth -= 1
    if (depth > CAPSULE_LIMITS.depth || containers > CAPSULE_LIMITS.containers) throw new CapsuleError("too_deep")
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new CapsuleError("not_json")
    throw error
  }
}

/** A word of our own code: a state, a kind of intent, an error's code. */
const word: Shape<string> = matching(/^[a-z_]{1,40}$/)
const words: Shape<string> = matching(/^[a-z_]{1,40}(?: [a-z_]{1,40}){0,31}$/)
const level: Shape<number> = oneOf(LEVELS)
const distance: Shape<number> = oneOf([...LEVELS, ...LEVELS.slice(1).map((one) => -one)])
const offset = oneOf(OFFSETS)

const facts = anyOf<Required<CapsuleFacts>>({
  code: word,
  knownBy: word,
  cause: word,
  reason: word,
  intents: words,
  collection: oneOf(COLLECTIONS),
  record: matching(/^[a-z_/]{1,40}$/),
  offset,
  epochsAhead: distance,
  oldestEpochsAhead: distance,
  attempt: level,
  availableCount: level,
  envelopeCount: level,
  groupCount: level,
  intentCount: level,
  keptCount: level,
  lastResortUses: level,
  memberCount: level,
  messageCount: level,
  textCount: level,
})

const findings = listOf(
  exactly<CapsuleFinding>({ state: oneOf(Object.keys(MEANINGS) as StuckState[]), facts }),
  CAPSULE_LIMITS.findings,
)

const versions = exactly<CapsuleVersions>({
  program: matching(/^[0-9A-Za-z.+-]{1,32}$/),
  memberState: integer(0, 255),
  schema: integer(0, 65_535),
})

const profile = exactly<CapsuleProfile>({
  isRegistered: flag,
  isLoggedIn: flag,
  server: oneOf(["answered", "failed", "not_asked"]),
  newestStored: oneOf(AGES),
  serverClock: orNull(offset),
  inbox: orNull(exactly({ ahead: distance, isWaiting: flag })),
  keyPackages: exactly({
    kept: level,
    valid: level,
    there: orNull(exactly({ available: level, isLow: flag, hasLastResort: flag, lastResortUses: level })),
  }),
  awaited: exactly({ groups: level, envelopes: level }),
})

const intents = listOf(exactly<CapsuleIntent>({ kind: word, attempts: level }), CAPSULE_LIMITS.intents)
const channel = exactly<CapsuleChannel>({ ahead: distance, isLogShort: flag })

const group = exactly<CapsuleGroup>({
  group: integer(1, CAPSULE_LIMITS.groups),
  findings,
  phase: oneOf(["member", "removed", "left", "must_rejoin"]),
  rejoin: orNull(exactly({ cause: word, attempts: level, hasGivenUp: flag })),
  isClosed: flag,
  persons: level,
  devices: level,
  server: orNull({ read: (value, path) => (value === "unknown" ? value : channel.read(value, path)) }),
  pending: orNull(exactly({ stage: oneOf(["sending", "sent", "overtaken"]), intents })),
  queued: intents,
  isLeaving: flag,
  isHalting: flag,
  heldTexts: level,
  parked: listOf(exactly({ epochsAhead: distance, envelopes: level }), CAPSULE_LIMITS.parked),
  outbox: exactly({ unsent: level, held: level }),
  failedTexts: level,
})

const capsuleShape = exactly<Capsule>({
  capsule: oneOf([VERSION]),
  versions,
  isSynchronised: flag,
  findings,
  profile: orNull(profile),
  groups: listOf(group, CAPSULE_LIMITS.groups),
})

import { equalBytes, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { byPerson } from "./roster.ts"
import type { Device, Leaf } from "./roster.ts"

/** What a commit does to the devices of one person. */
export interface PersonChange {
  readonly identityKey: IdentityKey
  readonly added: readonly DeviceKey[]
  /** Those that asked to leave included. */
  readonly removed: readonly DeviceKey[]
  /** How many of them asked to leave. */
  readonly askedCount: number
  readonly countBefore: number
}

/**
 * Why a change of somebody's devices is against the rules.
 *
 * - `ghost_device`: somebody added a device to another member. Whoever gets hold of a genuine certificate, or of the identity
 *   key, could listen in as that member.
 * - `device_left_behind`: somebody removed some of another member's devices and not all: those left would go on as if nothing
 *   had happened, and their person would not learn of it.
 * - `too_many_devices`: a person would have more than the settings of the group allow.
 */
export type DeviceObjection = "ghost_device" | "device_left_behind" | "too_many_devices"

/** Gathers what happens to each person who gets or loses a device. */
export function personChanges(
  before: readonly Device[],
  change: {
    readonly added: readonly Device[]
    readonly removed: readonly Device[]
    /** Those of the removed that asked for it themselves. */
    readonly asked?: readonly Device[]
  },
): readonly PersonChange[] {
  if (change.added.length + change.removed.length === 0) return []
  const [were, added, removed] = [byPerson(before), byPerson(change.added), byPerson(change.removed)]
  const asked = byPerson(change.asked ?? [])
  return [...new Set([...removed.keys(), ...added.keys()])].map((name) => ({
    identityKey: (added.get(name) ?? removed.get(name)!)[0]!.identityKey,
    added: deviceKeys(added.get(name)),
    removed: deviceKeys(removed.get(name)),
    askedCount: asked.get(name)?.length ?? 0,
    countBefore: were.get(name)?.length ?? 0,
  }))
}

function deviceKeys(devices: readonly Device[] = []): readonly DeviceKey[] {
  return devices.map(({ deviceKey }) => deviceKey)
}

/** True if a device of this person was there before and stays: the person was not asked to come or to go. */
export function stays({ countBefore, removed }: PersonChange): boolean {
  return countBefore > removed.length
}

/** The people who come in, and those who lose all their devices, even if they get others by the same commit. */
export function comeAndGone(changes: readonly PersonChange[]): {
  readonly come: readonly IdentityKey[]
  /** Whoever left, and whoever was expelled. */
  readonly gone: readonly IdentityKey[]
  /** Who asked for it, with every device that was left. */
  readonly left: readonly IdentityKey[]
  readonly expelled: readonly IdentityKey[]
} {
  const passing = changes.filter((change) => !stays(change))
  const keysOf = (some: readonly PersonChange[]): IdentityKey[] => some.map(({ identityKey }) => identityKey)
  const gone = passing.filter(({ removed }) => removed.length > 0)
  return {
    come: keysOf(passing.filter(({ added }) => added.length > 0)),
    gone: keysOf(gone),
    left: keysOf(gone.filter(({ removed, askedCount }) => removed.length === askedCount)),
    expelled: keysOf(gone.filter(({ removed, askedCount }) => removed.length > askedCount)),
  }
}

/**
 * Decides whether `author` may change people's devices so. A person's devices are their own affair: they add them with a
 * certificate that only they can sign, and remove them; others take a person in or out as a whole.
 */
export function checkDevices(
  changes: readonly PersonChange[],
  author: IdentityKey,
  devicesPerPerson: number,
): DeviceFinding | undefined {
  for (const change of changes) {
    const { identityKey, added, removed, askedCount, countBefore } = change
    const isOwn = equalBytes(identityKey, author)
    if (stays(change) && !isOwn && added.length > 0) return { objection: "ghost_device", change }
    if (stays(change) && !isOwn && removed.length > askedCount) return { objection: "device_left_behind", change }
    const isTooMany = added.length > 0 && countBefore - removed.length + added.length > devicesPerPerson
    if (isTooMany) return { objection: "too_many_devices", change }
  }
  return undefined
}

/** What is against the rules, and whom it concerns. */
export interface DeviceFinding {
  readonly objection: DeviceObjection
  readonly change: PersonChange
}

/** Tells of anybody whether a device of theirs is in the group once some were added and others removed. */
export function membershipAfter(
  before: readonly Leaf[],
  change: { readonly added: readonly Device[]; readonly removed: readonly Leaf[] },
): (identityKey: IdentityKey) => boolean {
  let people: ReadonlySet<string> | undefined
  return (identityKey) => {
    people ??= namesAfter(before, change)
    return people.has(toHex(identityKey))
  }
}

function namesAfter(before: readonly Leaf[], change: Parameters<typeof membershipAfter>[1]): ReadonlySet<string> {
  const gone = new Set(change.removed.map(({ leafIndex }) => leafIndex))
  const stayed = before.filter(({ leafIndex }) => !gone.has(leafIndex))
  return new Set([...stayed, ...change.added].map(({ identityKey }) => toHex(identityKey)))
}

import { equalBytes } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { DevicesMissed, MissedChanges } from "../event.ts"
import type { GroupMember, Member } from "../member.ts"
import { settingsDifference } from "../settings-difference.ts"

/** What became of a group while we were away. Of one that we knew nothing of any more, nobody can tell. */
export function rejoinDifference(now: Member, earlier: Member | undefined): MissedChanges {
  if (earlier === undefined) return { added: [], removed: [], devices: [], settings: undefined }
  const [before, after] = [earlier.members(), now.members()]
  const [peopleBefore, peopleAfter] = [peopleIn(before), peopleIn(after)]
  const [added, removed] = [without(peopleAfter, peopleBefore), without(peopleBefore, peopleAfter)]
  const { settings } = now
  const difference = earlier.settings && settings && settingsDifference(earlier.settings, settings, removed)
  const isOther = difference !== undefined && difference.changed.length > 0
  const devices = before.flatMap((person) => otherDevices(person, after))
  return { added, removed, devices, settings: isOther ? { ...difference, settings: settings! } : undefined }
}

/** Nothing for people who went, or have the devices that they had. */
function otherDevices({ identityKey, devices }: GroupMember, after: readonly GroupMember[]): readonly DevicesMissed[] {
  const now = after.find((person) => equalBytes(person.identityKey, identityKey))
  if (now === undefined) return []
  const [before, there] = [devicesOf(devices), devicesOf(now.devices)]
  const [added, removed] = [without(there, before), without(before, there)]
  return added.length + removed.length === 0 ? [] : [{ by: identityKey, added, removed }]
}

function peopleIn(members: readonly GroupMember[]): readonly IdentityKey[] {
  return members.map(({ identityKey }) => identityKey)
}

function devicesOf(devices: GroupMember["devices"]): readonly DeviceKey[] {
  return devices.map(({ deviceKey }) => deviceKey)
}

function without<Key extends Uint8Array>(keys: readonly Key[], others: readonly Key[]): readonly Key[] {
  return keys.filter((key) => !others.some((other) => equalBytes(key, other)))
}

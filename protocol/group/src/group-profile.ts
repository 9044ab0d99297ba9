import { EXTENSION_TYPES, findExtension, writeRequiredCapabilities } from "@qpc/mls"
import type { Extension, Group } from "@qpc/mls"
import { encode, GROUP_ID_BYTES } from "@qpc/wire"
import { decodeGroupName, GROUP_NAME_EXTENSION } from "./group-name.ts"
import { GROUP_ORIGIN_EXTENSION } from "./group-origin.ts"
import { decodeSettings, encodeSettings, GROUP_SETTINGS_EXTENSION } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import { deviceOf } from "./roster.ts"

/** What a group says of itself, the same for all members of an epoch. */
export interface GroupProfile {
  readonly name: string
  /** `undefined` in a group of before there were settings: everybody may do everything in it, and its name stays. */
  readonly settings: GroupSettings | undefined
}

/**
 * Never in a group context: a leaf that lists it opens texts that are counted (`gaps/own-numbers.ts`). For private use
 * (RFC 9420 §17.3).
 */
export const TEXT_NUMBERS_EXTENSION = 0xf7c3

/** What each of our leaves claims to know, so that groups of before there were settings, and of another suite, can still grow. */
export const OUR_EXTENSIONS: readonly number[] = [
  GROUP_NAME_EXTENSION,
  GROUP_SETTINGS_EXTENSION,
  GROUP_ORIGIN_EXTENSION,
  TEXT_NUMBERS_EXTENSION,
]

/** Of a new group: its settings, and that every member must know them and be an identity key (RFC 9420 §11.1). */
export function groupExtensions(settings: GroupSettings): readonly Extension[] {
  const required = { extensionTypes: [GROUP_SETTINGS_EXTENSION], proposalTypes: [], credentialTypes: [1] }
  return [
    {
      extensionType: EXTENSION_TYPES.requiredCapabilities,
      extensionData: encode((writer) => writeRequiredCapabilities(writer, required)),
    },
    { extensionType: GROUP_SETTINGS_EXTENSION, extensionData: encodeSettings(settings) },
  ]
}

/** The same extensions with other settings. */
export function withSettings(extensions: readonly Extension[], settings: GroupSettings): readonly Extension[] {
  return extensions.map((extension) =>
    extension.extensionType === GROUP_SETTINGS_EXTENSION
      ? { extensionType: GROUP_SETTINGS_EXTENSION, extensionData: encodeSettings(settings) }
      : extension,
  )
}

/** What extensions of a group context say; `undefined` where they are none of ours. */
export function profileOf(extensions: readonly Extension[]): GroupProfile | undefined {
  const settingsData = findExtension(extensions, GROUP_SETTINGS_EXTENSION)
  if (settingsData !== undefined) {
    const settings = decodeSettings(settingsData)
    return settings && { name: settings.name, settings }
  }
  const name = decodeGroupName(findExtension(extensions, GROUP_NAME_EXTENSION))
  return name === undefined ? undefined : { name, settings: undefined }
}

/** What a group says of itself if it is one of ours: its id of our length, every leaf somebody's device. */
export function profileOfOurs(group: Group): GroupProfile | undefined {
  if (group.groupId.length !== GROUP_ID_BYTES) return undefined
  if (group.members().some((member) => deviceOf(member) === undefined)) return undefined
  return profileOf(group.extensions)
}

import type { Extension } from "@qpc/mls"
import { CborFields, decodeCbor, decodedOrUndefined, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** What one member can do. Its leaf signs it, so nobody on the way can take anything out of it. */
export interface StackCapabilities {
  /** The lowest and highest version of GBP frames that it speaks. */
  readonly versions: readonly [lowest: number, highest: number]
  /** Names of what is optional: conformance classes (`gbp/class-b`), payload formats, an application's own. */
  readonly features: readonly string[]
}

/** What a group demands of all members, in its authenticated context. */
export interface StackRequirements {
  /** The version of GBP frames that the group speaks. */
  readonly version: number
  readonly features: readonly string[]
}

/** ExtensionType of {@link StackCapabilities} in a leaf node: ours, of the private range (RFC 9420 §17.3). */
export const CAPABILITIES_EXTENSION = 0xf6b2
/** ExtensionType of {@link StackRequirements} in the group context. */
export const REQUIREMENTS_EXTENSION = 0xf6b3
/** Names of one member, and of one group. */
export const FEATURES_MAX = 64
/** UTF-16 units of one name. */
export const FEATURE_MAX_CHARACTERS = 128

/** What a leaf that says nothing of it can do. */
const UNSTATED: StackCapabilities = { versions: [2, 2], features: [] }

const UINT8_MAX = 0xff
const UTF8_MAX_BYTES = 3
const SIZE_MAX_BYTES = FEATURES_MAX * (FEATURE_MAX_CHARACTERS * UTF8_MAX_BYTES + 4) + 64

/**
 * The CBOR map `min` · `max` · `features`; features ascending and each once, so that there is one encoding.
 *
 * @throws RangeError for versions that are no range, and above the limits
 */
export function capabilitiesExtension({ versions, features }: StackCapabilities): Extension {
  const [lowest, highest] = versions
  assertVersions(lowest, highest)
  const map = new Map<string, CborValue>([
    ["min", lowest],
    ["max", highest],
    ["features", sorted(features)],
  ])
  return { extensionType: CAPABILITIES_EXTENSION, extensionData: encodeCbor(map) }
}

/** The CBOR map `version` · `features`, as {@link capabilitiesExtension}. @throws RangeError as it does */
export function requirementsExtension({ version, features }: StackRequirements): Extension {
  assertVersions(version, version)
  const map = new Map<string, CborValue>([
    ["version", version],
    ["features", sorted(features)],
  ])
  return { extensionType: REQUIREMENTS_EXTENSION, extensionData: encodeCbor(map) }
}

/** What a leaf says to be able to do; version 2 and no more where it says nothing. */
export function signedCapabilities(leafExtensions: readonly Extension[]): StackCapabilities | "malformed" {
  const found = dataOf(leafExtensions, CAPABILITIES_EXTENSION)
  return found === undefined ? UNSTATED : (decodedOrUndefined(() => decodeCapabilities(found)) ?? "malformed")
}

/** What a group demands; version 2 and no more where it says nothing. */
export function requirementsOf(groupExtensions: readonly Extension[]): StackRequirements | "malformed" {
  const found = dataOf(groupExtensions, REQUIREMENTS_EXTENSION)
  if (found === undefined) return { version: UNSTATED.versions[1], features: [] }
  return decodedOrUndefined(() => decodeRequirements(found)) ?? "malformed"
}

/**
 * What a member lacks for a group: `version N`, and names of features. Empty if it may be in it.
 *
 * Every member asks this of everybody who comes in and of everybody who changes their leaf, so what a group demands is never given up
 * for somebody who says to know less (GBP control plane, "Capability negotiation").
 */
export function unmetRequirements(
  { version, features }: StackRequirements,
  { versions: [lowest, highest], features: known }: StackCapabilities,
): readonly string[] {
  const missing = features.filter((name) => !known.includes(name))
  return version < lowest || version > highest ? [`version ${version}`, ...missing] : missing
}

function decodeCapabilities(bytes: Uint8Array): StackCapabilities {
  const fields = fieldsOf(bytes)
  const [lowest, highest] = [fields.uint("min", UINT8_MAX), fields.uint("max", UINT8_MAX)]
  const features = readFeatures(fields)
  fields.end()
  if (lowest < 1 || highest < lowest) throw new DecodeError("bad_value", 0)
  return { versions: [lowest, highest], features }
}

function decodeRequirements(bytes: Uint8Array): StackRequirements {
  const fields = fieldsOf(bytes)
  const version = fields.uint("version", UINT8_MAX)
  const features = readFeatures(fields)
  fields.end()
  if (version < 1) throw new DecodeError("bad_value", 0)
  return { version, features }
}

function fieldsOf(bytes: Uint8Array): CborFields {
  return new CborFields(decodeCbor(bytes, { sizeBytes: SIZE_MAX_BYTES, depth: 2, itemCount: FEATURES_MAX + 16 }))
}

function readFeatures(fields: CborFields): readonly string[] {
  const features = fields.list("features", FEATURES_MAX).map((name) => {
    if (typeof name !== "string" || name.length > FEATURE_MAX_CHARACTERS) throw new DecodeError("bad_value", 0)
    return name
  })
  const isAscending = features.every((name, at) => at === 0 || features[at - 1]! < name)
  if (!isAscending) throw new DecodeError("not_minimal", 0)
  return features
}

function sorted(features: readonly string[]): string[] {
  const names = [...new Set(features)].toSorted()
  if (names.length > FEATURES_MAX) throw new RangeError(`at most ${FEATURES_MAX} features can be named`)
  if (names.some((name) => name.length > FEATURE_MAX_CHARACTERS || !name.isWellFormed())) {
    throw new RangeError(`the name of a feature has at most ${FEATURE_MAX_CHARACTERS} characters`)
  }
  return names
}

function assertVersions(lowest: number, highest: number): void {
  const areVersions = [lowest, highest].every((one) => Number.isInteger(one) && one >= 1 && one <= UINT8_MAX)
  if (!areVersions || lowest > highest) throw new RangeError(`not versions of GBP: ${lowest} to ${highest}`)
}

function dataOf(extensions: readonly Extension[], type: number): Uint8Array | undefined {
  return extensions.find(({ extensionType }) => extensionType === type)?.extensionData
}

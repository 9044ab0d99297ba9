import type { Random } from "@qpc/wire"
import type { Capabilities } from "./capabilities.ts"
import type { Extension } from "./extension.ts"

/** Code points that mean nothing, in each registry, for ever (RFC 9420 §13.5). */
export const GREASE_VALUES: readonly number[] = Array.from({ length: 15 }, (_, at) => 0x0a0a + 0x1010 * at)

/** The most bytes that a GREASE extension carries. */
const CONTENT_LIMIT_BYTES = 8

/**
 * Where values go that receivers must ignore (RFC 9420 §13.5): nowhere, into the lists of what we claim to support, or also
 * into the extensions of leaves, key packages and group infos. OpenMLS refuses such extensions, although they are listed, so
 * that they are not the default.
 */
export type GreaseUse = "none" | "capabilities" | "everywhere"

/** What {@link GreaseUse} is where a caller does not say. */
const DEFAULT_GREASE: GreaseUse = "capabilities"

/** Values that receivers must ignore, for one leaf node and key package of ours. */
export interface Grease {
  readonly cipherSuite: number
  readonly extension: number
  readonly proposal: number
  readonly credential: number
  readonly leafExtension: Extension | undefined
  readonly keyPackageExtension: Extension | undefined
}

/**
 * Draws GREASE (RFC 9420 §13.5), so that peers who refuse what they do not know are found today and not when a new suite
 * comes.
 */
export function drawGrease(random: Random, use: GreaseUse = DEFAULT_GREASE): Grease | undefined {
  if (use === "none") return undefined
  const [suiteByte = 0, extensionByte = 0, proposalByte = 0, credentialByte = 0] = random(4)
  return {
    cipherSuite: greaseValue(suiteByte),
    extension: greaseValue(extensionByte),
    proposal: greaseValue(proposalByte),
    credential: greaseValue(credentialByte),
    leafExtension: greaseExtension(random, use),
    keyPackageExtension: greaseExtension(random, use),
  }
}

/** A list of extensions with one that means nothing, unless its type is there already. */
export function withGrease(extensions: readonly Extension[], grease: Extension | undefined): Extension[] {
  const isFree = extensions.every(({ extensionType }) => extensionType !== grease?.extensionType)
  return grease !== undefined && isFree ? [...extensions, grease] : [...extensions]
}

/** An extension that means nothing, with content of a random length; `undefined` unless it may stand everywhere. */
export function greaseExtension(random: Random, use: GreaseUse = DEFAULT_GREASE): Extension | undefined {
  if (use !== "everywhere") return undefined
  const [typeByte = 0, lengthByte = 0] = random(2)
  return { extensionType: greaseValue(typeByte), extensionData: random(lengthByte % (CONTENT_LIMIT_BYTES + 1)) }
}

/** Claims with GREASE among them. */
export function greased(claimed: Partial<Capabilities>, grease: Grease): Partial<Capabilities> {
  return {
    ...claimed,
    cipherSuites: [...(claimed.cipherSuites ?? []), grease.cipherSuite],
    extensions: [...(claimed.extensions ?? []), grease.extension],
    proposals: [...(claimed.proposals ?? []), grease.proposal],
    credentials: [...(claimed.credentials ?? []), grease.credential],
  }
}

function greaseValue(byte: number): number {
  return GREASE_VALUES[byte % GREASE_VALUES.length]!
}

/**
 * Keeps GREASE out of what all members have to support (RFC 9420 §13.5). Only for what we send: received GREASE gets no
 * rules of its own.
 *
 * @throws RangeError if a list of extensions for a group context has some
 */
export function assertNoGrease(groupExtensions: readonly Extension[]): void {
  const found = groupExtensions.find(({ extensionType }) => GREASE_VALUES.includes(extensionType))
  if (found !== undefined) throw new RangeError(`a group cannot use extension ${found.extensionType}: it is GREASE`)
}

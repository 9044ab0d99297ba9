import type { Random } from "@qpc/wire"
import type { Capabilities } from "./capabilities.ts"
import type { Extension } from "./extension.ts"

/** Code points that mean nothing, in each registry, for ever (RFC 9420 §13.5). */
export const GREASE_VALUES: readonly number[] = Array.from({ length: 15 }, (_, at) => 0x0a0a + 0x1010 * at)

/** The most bytes that a GREASE extension carries. */
const CONTENT_LIMIT_BYTES = 8

/** Values that receivers must ignore, for one leaf node or key package of ours. */
export interface Grease {
  readonly cipherSuite: number
  readonly proposal: number
  readonly credential: number
  readonly leafExtension: Extension
  readonly keyPackageExtension: Extension
}

/**
 * Draws GREASE (RFC 9420 §13.5): a value for each list that may hold one, so that peers who refuse what they do not know are
 * found today and not when a new suite comes. Draws twice from `random`.
 */
export function drawGrease(random: Random): Grease {
  const [suiteByte = 0, proposalByte = 0, credentialByte = 0, leafByte = 0, packageByte = 0, lengthByte = 0] = random(6)
  const content = random(lengthByte % (CONTENT_LIMIT_BYTES + 1))
  const leafType = greaseValue(leafByte)
  return {
    cipherSuite: greaseValue(suiteByte),
    proposal: greaseValue(proposalByte),
    credential: greaseValue(credentialByte),
    leafExtension: { extensionType: leafType, extensionData: content },
    keyPackageExtension: { extensionType: greaseValue(packageByte), extensionData: content },
  }
}

/** Claims with GREASE among them; extensions of ours that are GREASE are listed like others (RFC 9420 §13.5). */
export function greased(claimed: Partial<Capabilities>, grease: Grease): Partial<Capabilities> {
  return {
    ...claimed,
    cipherSuites: [...(claimed.cipherSuites ?? []), grease.cipherSuite],
    proposals: [...(claimed.proposals ?? []), grease.proposal],
    credentials: [...(claimed.credentials ?? []), grease.credential],
  }
}

function greaseValue(byte: number): number {
  return GREASE_VALUES[byte % GREASE_VALUES.length]!
}

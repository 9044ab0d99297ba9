import type { Capabilities, Extension } from "@qpc/mls"
import { capabilitiesExtension, REQUIREMENTS_EXTENSION } from "../capabilities-extension.ts"
import type { StackCapabilities } from "../capabilities-extension.ts"
import { memberIdExtension } from "../member-id-extension.ts"

/** What the leaf of a member of a live group says, beside who it is. */
interface LiveLeaf {
  readonly leafExtensions: readonly Extension[]
  readonly capabilities: Partial<Capabilities>
}

/** @throws RangeError for a number that is no member id, and for capabilities that are none */
export function liveLeaf(memberId: number, capabilities: StackCapabilities | undefined): LiveLeaf {
  const stated = capabilities === undefined ? [] : [capabilitiesExtension(capabilities)]
  return {
    leafExtensions: [memberIdExtension(memberId), ...stated],
    // Every member understands what a group demands, or the group could not demand anything (RFC 9420 §7.2).
    capabilities: { extensions: [REQUIREMENTS_EXTENSION] },
  }
}

import type { Capabilities, Extension, Member, MergeReport } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import { capabilitiesExtension, REQUIREMENTS_EXTENSION } from "../capabilities-extension.ts"
import type { StackCapabilities } from "../capabilities-extension.ts"
import { memberIdExtension } from "../member-id-extension.ts"

/** What a member of a live group takes from others: Updates, which live coordinators commit. `LiveMlsGroup` takes no other proposal. */
export const LIVE_POLICY = { proposals: true } as const

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

/** True if what a leaf says of its member, who it is and what it can do, stays as long as the member does, new keys or not. */
export function leavesSayTheSame(members: readonly Member[], { updated }: Pick<MergeReport, "updated">): boolean {
  const before = new Map(members.map(({ leafIndex, extensions }) => [leafIndex, extensions]))
  return updated.every(({ leafIndex, extensions }) => {
    const said = before.get(leafIndex)
    return said !== undefined && areSameExtensions(extensions, said)
  })
}

/** True for the same extensions in the same order. */
export function areSameExtensions(some: readonly Extension[], others: readonly Extension[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ extensionType, extensionData }, at) => {
      const other = others[at]!
      return other.extensionType === extensionType && equalBytes(other.extensionData, extensionData)
    })
  )
}

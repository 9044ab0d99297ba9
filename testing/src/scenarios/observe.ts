import type { BranchView } from "@qpc/group"
import { exactState } from "./predicate.ts"
import type { World } from "./world.ts"

/** What a client shows at one moment, and what it was told since the last time. */
export interface ClientObservation {
  readonly client: string
  readonly epoch: number
  readonly memberCount: number
  readonly name: string
  readonly payloads: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly epochChanges: readonly { readonly from: number; readonly to: number }[]
  /** Equal for clients who agree in everything. */
  readonly exact: string
  readonly hasWork: boolean
  readonly branches: BranchView | undefined
}

/** Everything that a run showed. */
export interface Observed {
  readonly clients: ClientObservation[]
  readonly resolutions: {
    readonly index: number
    readonly client: string
    readonly pending: string
    readonly resolution: string
  }[]
  readonly errors: {
    readonly index: number
    readonly client: string
    readonly operation: string
    readonly error: string
  }[]
  readonly admins: { readonly client: string; readonly admins: readonly string[] }[]
  readonly probes: { readonly clients: readonly string[]; readonly isHeard: boolean }[]
  readonly quiet: { readonly index: number; readonly isQuiet: boolean }[]
}

/** Looks at a client. What it was told is told once. */
export function observe(world: World, label: string, group: string | undefined): ClientObservation {
  const client = world.client(label)
  const member = world.member(label, group)
  const { shown } = member
  const { payloads, added, removed, epochChanges } = client.window
  client.clearWindow()
  return {
    client: label,
    epoch: world.epochOf(member),
    memberCount: shown.members().length,
    name: shown.name,
    payloads,
    added,
    removed,
    epochChanges,
    exact: exactState(world, label, group),
    hasWork: world.hasWork(label) || world.network.queuedCount > 0,
    branches: member.branches(),
  }
}

import { validateKeyPackage } from "@qpc/mls"
import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { PlanFailure } from "./event.ts"
import type { Wanted } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { identityOf } from "./roster.ts"

/** What an intent means in the group as it is now. */
export type Plan =
  | {
      readonly kind: "commit"
      readonly adds: readonly Uint8Array[]
      readonly joiners: readonly IdentityKey[]
      readonly removes: readonly number[]
      readonly membersAfter: readonly IdentityKey[]
    }
  /** The group is like that already. */
  | { readonly kind: "done" }
  | { readonly kind: "impossible"; readonly reason: PlanFailure }

/** Translates an intent into proposals for the present epoch; another epoch may need another plan. */
export function planCommit(state: MemberState, intent: Wanted, nowMs: number): Plan {
  switch (intent.kind) {
    case "invite":
      return planInvite(state, intent.keyPackages, nowMs)
    case "remove":
      return planRemove(state, intent.members)
    case "update_keys":
    case "upkeep":
      return { kind: "commit", adds: [], joiners: [], removes: [], membersAfter: identitiesOf(state) }
  }
}

/** All members, in the order of their leaves. */
export function identitiesOf(state: MemberState): readonly IdentityKey[] {
  return state.group.members().map((member) => {
    const identityKey = identityOf(member)
    if (identityKey === undefined) throw new Error("unreachable: a member without an identity was let in")
    return identityKey
  })
}

function planInvite(state: MemberState, keyPackages: readonly Uint8Array[], nowMs: number): Plan {
  const members = identitiesOf(state)
  const present = new Set(members.map(toHex))
  const invited = new Set<string>()
  const adds: Uint8Array[] = []
  const joiners: IdentityKey[] = []
  for (const keyPackage of keyPackages) {
    const identityKey = inviteeOf(state, keyPackage, nowMs)
    if (identityKey === undefined || invited.has(toHex(identityKey))) {
      return { kind: "impossible", reason: "key_package_rejected" }
    }
    invited.add(toHex(identityKey))
    if (present.has(toHex(identityKey))) continue
    adds.push(keyPackage)
    joiners.push(identityKey)
  }
  if (adds.length === 0) return { kind: "done" }
  if (members.length + adds.length > state.limits.members) return { kind: "impossible", reason: "group_full" }
  return { kind: "commit", adds, joiners, removes: [], membersAfter: [...members, ...joiners] }
}

function inviteeOf(state: MemberState, keyPackage: Uint8Array, nowMs: number): IdentityKey | undefined {
  const validated = validateKeyPackage(state.suite, keyPackage, nowMs)
  return validated.kind === "valid" ? identityOf(validated) : undefined
}

function planRemove(state: MemberState, leaving: readonly IdentityKey[]): Plan {
  const names = new Set(leaving.map(toHex))
  const removes: number[] = []
  const membersAfter: IdentityKey[] = []
  for (const member of state.group.members()) {
    const identityKey = identityOf(member)
    if (identityKey === undefined) throw new Error("unreachable: a member without an identity was let in")
    if (names.has(toHex(identityKey))) removes.push(member.leafIndex)
    else membersAfter.push(identityKey)
  }
  if (removes.length === 0) return { kind: "done" }
  return { kind: "commit", adds: [], joiners: [], removes, membersAfter }
}

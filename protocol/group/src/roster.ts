import type { Credential, Group } from "@qpc/mls"
import { equalBytes, IDENTITY_KEY_BYTES, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/**
 * Who a leaf is: one Ed25519 key that is identity and signature key at once. `undefined` for every other leaf: it could
 * claim to be somebody whose key it does not hold.
 */
export function identityOf(leaf: {
  readonly credential: Credential
  readonly signatureKey: Uint8Array
}): IdentityKey | undefined {
  const { credential, signatureKey } = leaf
  if (credential.kind !== "basic" || credential.identity.length !== IDENTITY_KEY_BYTES) return undefined
  return equalBytes(credential.identity, signatureKey) ? toIdentityKey(credential.identity) : undefined
}

/** Tells of anybody whether they are in the group once some were added and others removed. */
export function membershipAfter(
  group: Pick<Group, "members">,
  change: { readonly added: readonly IdentityKey[]; readonly removes: readonly { readonly leafIndex: number }[] },
): (identityKey: IdentityKey) => boolean {
  let people: ReadonlySet<string> | undefined
  return (identityKey) => {
    people ??= namesAfter(group, change)
    return people.has(toHex(identityKey))
  }
}

function namesAfter(
  group: Pick<Group, "members">,
  { added, removes }: Parameters<typeof membershipAfter>[1],
): ReadonlySet<string> {
  const gone = new Set(removes.map(({ leafIndex }) => leafIndex))
  const names = new Set(added.map(toHex))
  for (const member of group.members()) {
    const identityKey = gone.has(member.leafIndex) ? undefined : identityOf(member)
    if (identityKey !== undefined) names.add(toHex(identityKey))
  }
  return names
}

/** All members, in the order of their leaves. */
export function identitiesOf(group: Pick<Group, "members">): readonly IdentityKey[] {
  return group.members().map((member) => {
    const identityKey = identityOf(member)
    if (identityKey === undefined) throw new Error("unreachable: a member without an identity was let in")
    return identityKey
  })
}

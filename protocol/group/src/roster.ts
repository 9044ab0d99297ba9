import { readDeviceCertificate } from "@qpc/envelope"
import type { Credential, Group } from "@qpc/mls"
import { equalBytes, IDENTITY_KEY_BYTES, toDeviceKey, toHex, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { GroupMember } from "./member.ts"

/** One of a person's devices. */
export interface Device {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
}

/** A device in a group, and its place in the ratchet tree. */
export interface Leaf extends Device {
  readonly leafIndex: number
}

/** A credential and the key that signs with it. */
interface Claim {
  readonly credential: Credential
  readonly signatureKey: Uint8Array
}

/**
 * Whose device a leaf is: the credential is an identity key alone, which is that of the person's first device too, or the
 * certificate of another device. `undefined` if it is neither or names another key than the one that signs. Whether the
 * certificate is genuine, `device-credential.ts` has found out before the leaf came into the group.
 */
export function deviceOf({ credential, signatureKey }: Claim): Device | undefined {
  const device = namedIn(credential)
  return device !== undefined && equalBytes(device.deviceKey, signatureKey) ? device : undefined
}

/** The device that a credential names, whoever signs with it; `undefined` if it names none. */
export function namedIn(credential: Credential): Device | undefined {
  if (credential.kind !== "basic") return undefined
  const { identity } = credential
  if (identity.length === IDENTITY_KEY_BYTES) {
    return { identityKey: toIdentityKey(identity), deviceKey: toDeviceKey(identity) }
  }
  const certificate = readDeviceCertificate(identity)
  return certificate && { identityKey: certificate.identityKey, deviceKey: certificate.deviceKey }
}

/** The device of a leaf that our rules let into the group. */
export function knownDevice(claim: Claim | undefined): Device {
  const device = claim && deviceOf(claim)
  if (device === undefined) throw new Error("unreachable: a leaf that is nobody's device was let in")
  return device
}

/** What {@link leavesOf} found, for the epoch in which it looked. Goes with the group. */
const found = new WeakMap<object, { readonly epoch: bigint; readonly leaves: readonly Leaf[] }>()

/**
 * All devices in the group, in the order of their leaves. Everybody is decoded once an epoch: each message goes to all of them,
 * and would cost as much as the group is large.
 */
export function leavesOf(group: Pick<Group, "members" | "epoch">): readonly Leaf[] {
  const known = found.get(group)
  if (known?.epoch === group.epoch) return known.leaves
  const leaves = group.members().map(leafOf)
  found.set(group, { epoch: group.epoch, leaves })
  return leaves
}

/** All people in the group, each with their devices, in the order of their first leaves. */
export function membersOf(group: Pick<Group, "members" | "epoch">): readonly GroupMember[] {
  return Array.from(byPerson(leavesOf(group)).values(), (leaves) => ({
    identityKey: leaves[0]!.identityKey,
    devices: leaves.map(({ deviceKey, leafIndex }) => ({ deviceKey, leafIndex })),
  }))
}

/** A member of the MLS group as the device that it is. */
export function leafOf(member: Claim & { readonly leafIndex: number }): Leaf {
  return { ...knownDevice(member), leafIndex: member.leafIndex }
}

/** The devices of each person, by identity key in hexadecimal, in the order of their first leaves. */
export function byPerson<T extends Device>(devices: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(devices, ({ identityKey }) => toHex(identityKey))
}

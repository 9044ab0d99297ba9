import type { CipherSuite } from "@qpc/crypto"
import { DEVICES_PER_PERSON } from "@qpc/group"
import type { Intent, Member } from "@qpc/group"
import { methods } from "@qpc/rpc"
import { equalBytes, toHex } from "@qpc/wire"
import type { DeviceKey, GroupId } from "@qpc/wire"
import { suiteOf } from "./change-suite.ts"
import { ClientError } from "./client-error.ts"
import type { ClientErrorCode } from "./client-error.ts"
import type { Context } from "./context.ts"
import { inspectNow } from "./inspect-now.ts"
import { memberOf } from "./member-of.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { send } from "./send.ts"
import { isHalted } from "./server-proof.ts"

/**
 * Brings the devices that we approved into the groups that lack them, as soon as there is a key package of theirs. What is refused is
 * for later: the connection must not end over it, and packages are asked for only where they can be used.
 *
 * @param asked - The places that a group was asked for already, to which this round adds its own. They are passed over: a group that
 *   refuses a device each time would use up its key packages.
 * @throws ClientError `store_…`
 */
export async function addOwnDevices(context: Context, call: Call, asked: Set<string>): Promise<void> {
  const { self, groups } = context
  // Where one is in line already it may be the same; those of this round are not.
  const open = groups.all().filter((member) => !isWanted(member, "add_devices"))
  const groupIds = open.map(({ groupId }) => groupId)
  for (const deviceKey of self.record?.linked ?? []) {
    if ((await addDevice(context, call, { deviceKey, groupIds, asked })) === "wait") return
  }
}

/** True while a group would take one of our devices that is not there, and was not asked for it yet. */
export function lacksOwnDevices({ self, groups }: Context, asked: ReadonlySet<string>): boolean {
  const linked = self.record?.linked ?? []
  if (linked.length === 0) return false
  return groups.all().some((member) => linked.some((deviceKey) => isMissing(member, deviceKey, asked)))
}

/** True while a group that we can change has a device that we took back. */
export function hasRemovedDevices({ self, groups }: Context): boolean {
  const removed = self.record?.removed ?? []
  if (removed.length === 0) return false
  return groups.all().some((member) => {
    return canChange(member) && removed.some(({ deviceKey }) => hasDevice(member, deviceKey))
  })
}

/**
 * Takes the devices that we took back out of the groups that have them, or are about to. A group that does not let us do that now,
 * or in which it fails later, is asked again in the next round.
 *
 * @param justRemoved - One whose removal nothing in line can know of yet.
 */
export async function removeOwnDevices(context: Context, justRemoved?: DeviceKey): Promise<void> {
  const { self, groups } = context
  const devices = (self.record?.removed ?? []).map(({ deviceKey }) => deviceKey)
  if (devices.length === 0) return
  for (const groupId of groups.all().map((member) => member.groupId)) {
    try {
      const member = memberOf(context, groupId)
      const isUnderWay = justRemoved === undefined && isWanted(member, "remove_devices")
      const isThere = isWanted(member, "add_devices") || devices.some((deviceKey) => hasDevice(member, deviceKey))
      if (isUnderWay || !isThere || !canChange(member)) continue
      await send(context, () => memberOf(context, groupId), { kind: "remove_devices", devices })
    } catch (error) {
      if (!isForLater(error)) throw error
    }
  }
}

/** True for what the network, the server or a group refuses; failures of the store and mistakes of ours are something else. */
export function isForLater(error: unknown): error is ClientError {
  return error instanceof ClientError && !error.code.startsWith("store_")
}

/** A device, and the groups that may lack it. */
interface Missing {
  readonly deviceKey: DeviceKey
  readonly groupIds: readonly GroupId[]
  readonly asked: Set<string>
}

/** @returns "wait" if the server is not to be asked for any device in this round */
async function addDevice(
  context: Context,
  call: Call,
  { deviceKey, groupIds, asked }: Missing,
): Promise<"asked" | "wait"> {
  for (const groupId of groupIds) {
    if (isHalted(context)) return "wait"
    const member = context.groups.find(groupId)
    if (member === undefined || !isMissing(member, deviceKey, asked)) continue
    const keyPackage = await keyPackageOf(context, call, deviceKey, suiteOf(context, member.suiteId))
    if (keyPackage === "wait") return "wait"
    // It has not logged in yet, or the server hands out nothing of use: the next group would get no other.
    if (keyPackage === undefined) return "asked"
    asked.add(placeOf(groupId, deviceKey))
    await addTo(context, groupId, { deviceKey, keyPackage })
  }
  return "asked"
}

/** `undefined` if there is none, "wait" where asking again would be refused as well. */
async function keyPackageOf(
  context: Context,
  call: Call,
  deviceKey: DeviceKey,
  suite: CipherSuite,
): Promise<Uint8Array | "wait" | undefined> {
  try {
    const { data } = await asClientError(
      call(methods.fetchKeyPackage, { identityKey: deviceKey, cipherSuite: suite.id }),
    )
    const inspected = inspectNow({ ...context, suite }, data)
    return inspected.kind === "valid" && equalBytes(inspected.deviceKey, deviceKey) ? data : undefined
  } catch (error) {
    if (!isForLater(error)) throw error
    return ENDS_ROUND.has(error.code) ? "wait" : undefined
  }
}

/** A limit on how often we ask, or no connection: the same for each device. */
const ENDS_ROUND: ReadonlySet<ClientErrorCode> = new Set(["rate_limited", "unreachable", "timeout", "aborted"])

async function addTo(
  context: Context,
  groupId: GroupId,
  { deviceKey, keyPackage }: { readonly deviceKey: DeviceKey; readonly keyPackage: Uint8Array },
): Promise<void> {
  const checked = (): Member => {
    assertLinked(context, deviceKey)
    return memberOf(context, groupId)
  }
  try {
    await send(context, checked, { kind: "add_devices", keyPackages: [keyPackage] })
  } catch (error) {
    if (!isForLater(error)) throw error
  }
}

/** Inside the turn: a device that was taken back while we asked for its key package stays out. */
function assertLinked({ self }: Context, deviceKey: DeviceKey): void {
  if (self.record?.linked?.some((one) => equalBytes(one, deviceKey)) === true) return
  throw new ClientError("device_refused", "the device was taken back", { nextStep: "Nothing; it stays out." })
}

const canChange = ({ isActive, isLeaving, settings }: Member): boolean =>
  isActive && !isLeaving && settings?.isClosed !== true

const isMissing = (member: Member, deviceKey: DeviceKey, asked: ReadonlySet<string>): boolean =>
  canChange(member) &&
  !asked.has(placeOf(member.groupId, deviceKey)) &&
  hasRoom(member) &&
  !hasDevice(member, deviceKey)

const placeOf = (groupId: GroupId, deviceKey: DeviceKey): string => `${toHex(groupId)} ${toHex(deviceKey)}`

/** True while the group allows one more of our devices. */
function hasRoom(member: Member): boolean {
  const own = member.members().find(({ identityKey }) => equalBytes(identityKey, member.self))
  return (own?.devices.length ?? 0) < (member.settings?.devicesPerPerson ?? DEVICES_PER_PERSON)
}

function hasDevice(member: Member, deviceKey: DeviceKey): boolean {
  return member.members().some(({ devices }) => devices.some((one) => equalBytes(one.deviceKey, deviceKey)))
}

/** True while a change of this kind is in line or on its way. */
function isWanted(member: Member, wanted: Intent["kind"]): boolean {
  const { pending, queued } = member.condition()
  return [...(pending?.intents ?? []), ...queued].some(({ kind }) => kind === wanted)
}

import { inspectKeyPackage } from "@qpc/group"
import type { Intent, Member } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import { equalBytes } from "@qpc/wire"
import type { DeviceKey } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { Call } from "./outbox.ts"
import { send } from "./send.ts"

/** Brings the devices that we approved into the groups that lack them, as soon as there is a key package of theirs. */
export async function addOwnDevices(context: Context, call: Call): Promise<void> {
  const { self, groups } = context
  for (const deviceKey of self.record?.linked ?? []) {
    for (const member of groups.all()) {
      if (canChange(member) && !hasDevice(member, deviceKey)) await addDevice(context, call, { member, deviceKey })
    }
  }
}

/**
 * Takes the devices that we took back out of the groups that have them, or are about to. A group that does not let us do that now,
 * or in which it fails later, is asked again at the next connection.
 *
 * @param justRemoved - One whose removal nothing in line can know of yet.
 */
export async function removeOwnDevices(context: Context, justRemoved?: DeviceKey): Promise<void> {
  const { self, groups } = context
  const devices = (self.record?.removed ?? []).map(({ deviceKey }) => deviceKey)
  for (const member of groups.all()) {
    const isUnderWay = justRemoved === undefined && isWanted(member, "remove_devices")
    const isThere = isWanted(member, "add_devices") || devices.some((deviceKey) => hasDevice(member, deviceKey))
    if (devices.length === 0 || isUnderWay || !isThere || !canChange(member)) continue
    try {
      await send(context, () => current(context, member), { kind: "remove_devices", devices })
    } catch (error) {
      if (!isForLater(error)) throw error
    }
  }
}

/** True for what the network, the server or a group refuses; failures of the store and mistakes of ours are something else. */
export function isForLater(error: unknown): error is ClientError {
  return error instanceof ClientError && !error.code.startsWith("store_")
}

async function addDevice(
  context: Context,
  call: Call,
  { member, deviceKey }: { readonly member: Member; readonly deviceKey: DeviceKey },
): Promise<void> {
  try {
    const { data } = await call(methods.fetchKeyPackage, { identityKey: deviceKey })
    const inspected = inspectKeyPackage(context.suite, data, context.clock.unixMs())
    if (inspected.kind !== "valid" || !equalBytes(inspected.deviceKey, deviceKey)) return
    const checked = (): Member => {
      assertLinked(context, deviceKey)
      return current(context, member)
    }
    await send(context, checked, { kind: "add_devices", keyPackages: [data] })
  } catch (error) {
    // It has not logged in yet, or the group does not take it now: the next connection tries again.
    const isExhausted = error instanceof RpcError && error.reason === "key_packages_exhausted"
    const isRefused =
      error instanceof ClientError && (error.code === "group_refused" || error.code === "device_refused")
    if (!isExhausted && !isRefused) throw error
  }
}

/** Inside the turn: a device that was taken back while we asked for its key package stays out. */
function assertLinked({ self }: Context, deviceKey: DeviceKey): void {
  if (self.record?.linked?.some((one) => equalBytes(one, deviceKey)) === true) return
  throw new ClientError("device_refused", "the device was taken back", { nextStep: "Nothing; it stays out." })
}

const current = ({ groups }: Context, { groupId }: Member): Member => {
  const member = groups.find(groupId)
  if (member === undefined) throw new Error("unreachable: a group that was there is gone")
  return member
}

const canChange = ({ isActive, isLeaving, settings }: Member): boolean =>
  isActive && !isLeaving && settings?.isClosed !== true

function hasDevice(member: Member, deviceKey: DeviceKey): boolean {
  return member.members().some(({ devices }) => devices.some((one) => equalBytes(one.deviceKey, deviceKey)))
}

/** True while a change of this kind is in line or on its way. */
function isWanted(member: Member, wanted: Intent["kind"]): boolean {
  const { pending, queued } = member.condition()
  return [...(pending?.intents ?? []), ...queued].some(({ kind }) => kind === wanted)
}

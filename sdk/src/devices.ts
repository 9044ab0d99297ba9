import {
  certifyDevice,
  inspectKeyPackage,
  readDeviceCertificate,
  revokeDevice,
  verifyDeviceCertificate,
} from "@qpc/group"
import type { Member } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import { concatBytes, equalBytes, fromHex, toDeviceKey, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { send } from "./send.ts"

/** One of our devices beyond the first. */
export interface LinkedDevice {
  readonly deviceKey: DeviceKey
  readonly registeredAtMs: number
  readonly isRevoked: boolean
}

/** How long a certificate counts: then the device is linked anew, or stays in its groups and comes into no others. */
const CERTIFICATE_MS = 5 * 366 * 86_400_000
const CHECK_BYTES = 4

/** What a new device shows to the first one: its key and four bytes of a hash, in hexadecimal, so that no digit is mistyped. */
export function linkRequest({ suite, self }: Context): string {
  const { publicKey } = self.keys
  return toHex(concatBytes(publicKey, suite.hash(publicKey).subarray(0, CHECK_BYTES)))
}

/** @throws ClientError `device_refused` for text that no new device shows */
function keyOfRequest({ suite }: Context, request: string): DeviceKey {
  const text = request.trim().toLowerCase()
  const bytes = /^[0-9a-f]{72}$/.test(text) ? fromHex(text) : new Uint8Array(0)
  const deviceKey = bytes.subarray(0, -CHECK_BYTES)
  const isWhole = bytes.length > 0 && equalBytes(suite.hash(deviceKey).subarray(0, CHECK_BYTES), bytes.subarray(32))
  if (isWhole) return toDeviceKey(deviceKey.slice())
  throw refused("this is no request of a device", "Copy all of what the new device shows.")
}

/**
 * Makes the device of a request one of ours: signs its certificate and registers it. It comes into our groups once it has logged
 * in; see {@link addOwnDevices}.
 *
 * @throws ClientError `device_refused` on a device that is not the first, whose identity key signs
 */
export async function approveDevice(context: Context, call: Call, request: string): Promise<DeviceKey> {
  const { self, suite, clock, store, profile, turn } = context
  const deviceKey = keyOfRequest(context, request)
  const record = firstDevice(context)
  const notBeforeMs = clock.unixMs()
  const time = { notBeforeMs, notAfterMs: notBeforeMs + CERTIFICATE_MS }
  const certificate = certifyDevice(suite, record.privateKey, { identityKey: self.identityKey, deviceKey, ...time })
  await asClientError(call(methods.registerDevice, { certificate }))
  const others = (record.linked ?? []).filter((one) => !equalBytes(one, deviceKey))
  const after = { ...record, linked: [...others, deviceKey] }
  await turn.takeAlways(() => store.commit([profile.putIdentity(after)]))
  self.become(after)
  return deviceKey
}

/** Takes a device back: out of all our groups, and from the server. @throws ClientError as {@link approveDevice}, `device_unknown` */
export async function removeDevice(context: Context, call: Call, idStart: string): Promise<DeviceKey> {
  const { self, suite, clock, store, profile, turn, groups } = context
  const record = firstDevice(context)
  const { deviceKey } = await deviceNamed(context, call, idStart)
  const statement = { identityKey: self.identityKey, deviceKey, revokedAtMs: clock.unixMs() }
  await asClientError(call(methods.revokeDevice, { revocation: revokeDevice(suite, record.privateKey, statement) }))
  const after = { ...record, linked: (record.linked ?? []).filter((one) => !equalBytes(one, deviceKey)) }
  await turn.takeAlways(() => store.commit([profile.putIdentity(after)]))
  self.become(after)
  for (const member of groups.all()) {
    if (member.isActive && hasDevice(member, deviceKey)) {
      await send(context, () => current(context, member), { kind: "remove_devices", devices: [deviceKey] })
    }
  }
  return deviceKey
}

/** Our devices beyond the first, as far as they carry our signature. */
export function ownDevices(context: Context, call: Call): Promise<readonly LinkedDevice[]> {
  return devicesOf(context, call, context.self.identityKey)
}

/** The devices of anybody beyond their first; what the server says and they have not signed is left out. */
export async function devicesOf(
  { suite }: Context,
  call: Call,
  identityKey: IdentityKey,
): Promise<readonly LinkedDevice[]> {
  const { devices } = await asClientError(call(methods.listDevices, { identityKey }))
  return devices.flatMap(({ certificate: bytes, registeredAtMs, revocation }) => {
    const certificate = readDeviceCertificate(bytes)
    const isTheirs = certificate !== undefined && equalBytes(certificate.identityKey, identityKey)
    if (!isTheirs || !verifyDeviceCertificate(suite, certificate)) return []
    const { deviceKey } = certificate
    return [{ deviceKey, registeredAtMs: Number(registeredAtMs), isRevoked: revocation.length > 0 }]
  })
}

/** Brings the devices that we approved into the groups that lack them, as soon as there is a key package of theirs. */
export async function addOwnDevices(context: Context, call: Call): Promise<void> {
  const { self, groups } = context
  for (const deviceKey of self.record?.linked ?? []) {
    for (const member of groups.all()) {
      const isWanted = member.isActive && !member.isLeaving && !hasDevice(member, deviceKey)
      if (isWanted && member.settings?.isClosed !== true) await addDevice(context, call, { member, deviceKey })
    }
  }
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
    await send(context, () => current(context, member), { kind: "add_devices", keyPackages: [data] })
  } catch (error) {
    // It has not logged in yet, or the group does not take it now: the next connection tries again.
    const isForLater = error instanceof RpcError && error.reason === "key_packages_exhausted"
    if (!isForLater && !(error instanceof ClientError && error.code === "group_refused")) throw error
  }
}

const current = ({ groups }: Context, { groupId }: Member): Member => {
  const member = groups.find(groupId)
  if (member === undefined) throw new Error("unreachable: a group that was there is gone")
  return member
}

function hasDevice(member: Member, deviceKey: DeviceKey): boolean {
  return member.members().some(({ devices }) => devices.some((one) => equalBytes(one.deviceKey, deviceKey)))
}

async function deviceNamed(context: Context, call: Call, idStart: string): Promise<LinkedDevice> {
  const wanted = idStart.toLowerCase()
  const active = (await ownDevices(context, call)).filter(({ isRevoked }) => !isRevoked)
  const found = active.filter(({ deviceKey }) => wanted.length >= 4 && toHex(deviceKey).startsWith(wanted))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw refused(`no device of yours is called "${idStart}"`, "Look at your devices, and name at least four digits.")
}

function firstDevice({ self }: Context) {
  const { record } = self
  if (record !== undefined && record.isRegistered && record.certificate === undefined) return record
  throw refused("only your first device can do that", "Do it on the device on which you registered.")
}

const refused = (what: string, nextStep: string): ClientError => new ClientError("device_refused", what, { nextStep })

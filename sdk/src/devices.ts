import { certifyDevice, readDeviceCertificate, revokeDevice, verifyDeviceCertificate } from "@qpc/group"
import { methods } from "@qpc/rpc"
import { concatBytes, equalBytes, fromHex, toDeviceKey, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { certificateTime } from "./certificate-time.ts"
import { changeIdentity } from "./change-identity.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { isForLater, removeOwnDevices } from "./group-devices.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import type { IdentityRecord } from "./records.ts"

/** One of our devices beyond the first. */
export interface LinkedDevice {
  readonly deviceKey: DeviceKey
  readonly registeredAtMs: number
  readonly isRevoked: boolean
}

const CHECK_BYTES = 4

/** What a new device shows to the first one: its key and four bytes of a hash, in hexadecimal, so that no digit is mistyped. */
export function linkRequest({ suite, self }: Context): string {
  const { publicKey } = self.keys
  return toHex(concatBytes(publicKey, suite.hash(publicKey).subarray(0, CHECK_BYTES)))
}

/** @throws ClientError `device_refused` for text that no new device shows */
function keyOfRequest({ suite, self }: Context, request: string): DeviceKey {
  const text = request.trim().toLowerCase()
  const bytes = /^[0-9a-f]{72}$/.test(text) ? fromHex(text) : new Uint8Array(0)
  const deviceKey = bytes.subarray(0, -CHECK_BYTES)
  const isWhole = bytes.length > 0 && equalBytes(suite.hash(deviceKey).subarray(0, CHECK_BYTES), bytes.subarray(32))
  // The key of the first device is the identity key: there is nothing to approve.
  if (isWhole && !equalBytes(deviceKey, self.identityKey)) return toDeviceKey(deviceKey.slice())
  throw refused("this is no request of a device", "Copy all of what the new device shows.")
}

/**
 * Makes the device of a request one of ours: signs its certificate and registers it. It comes into our groups once it has logged
 * in; see `group-devices.ts`.
 *
 * @throws ClientError `device_refused` on a device that is not the first, whose identity key signs
 */
export async function approveDevice(context: Context, call: Call, request: string): Promise<DeviceKey> {
  const { self, suite, clock } = context
  const deviceKey = keyOfRequest(context, request)
  const { privateKey } = linkable(context, deviceKey)
  const certificate = certifyDevice(suite, privateKey, {
    identityKey: self.identityKey,
    deviceKey,
    ...certificateTime(clock),
  })
  await asClientError(call(methods.registerDevice, { certificate }))
  await changeIdentity(context, () => {
    const record = linkable(context, deviceKey)
    return { ...record, linked: [...without(record.linked, deviceKey), deviceKey] }
  })
  return deviceKey
}

/**
 * Takes a device back: out of all our groups, and from the server. Once it is on disk that we want it, {@link OwnDeviceRounds} does
 * at each connection, and while one lasts, what could not be done before.
 *
 * @throws ClientError as {@link approveDevice}, and what keeps the server from hearing of it now
 */
export async function removeDevice(context: Context, call: Call, idStart: string): Promise<DeviceKey> {
  const deviceKey = await deviceNamed(context, call, idStart)
  await changeIdentity(context, () => {
    const record = firstDevice(context)
    const others = (record.removed ?? []).filter((one) => !equalBytes(one.deviceKey, deviceKey))
    const removed = [...others, { deviceKey, isRevoked: false }]
    return { ...record, linked: without(record.linked, deviceKey), removed }
  })
  // The groups first: a server that does not answer must not keep the device in.
  await removeOwnDevices(context, deviceKey)
  await revoke(context, call, deviceKey)
  return deviceKey
}

/** True while the server has not taken that a device of ours was taken back. */
export function hasUntoldRemovals({ self }: Context): boolean {
  return self.record?.removed?.some(({ isRevoked }) => !isRevoked) === true
}

/** Tells the server which devices we took back, as far as it has not taken that. What it refuses is for later. */
export async function tellRemovals(context: Context, call: Call): Promise<void> {
  for (const { deviceKey, isRevoked } of context.self.record?.removed ?? []) {
    try {
      if (!isRevoked) await revoke(context, call, deviceKey)
    } catch (error) {
      if (!isForLater(error)) throw error
    }
  }
}

/** Tells the server, to which a repetition is harmless, and notes that it took it. */
async function revoke(context: Context, call: Call, deviceKey: DeviceKey): Promise<void> {
  const { self, suite, clock } = context
  const statement = { identityKey: self.identityKey, deviceKey, revokedAtMs: clock.unixMs() }
  const revocation = revokeDevice(suite, firstDevice(context).privateKey, statement)
  await asClientError(call(methods.revokeDevice, { revocation }))
  await changeIdentity(context, () => {
    const record = firstDevice(context)
    const removed = (record.removed ?? []).map((one) => {
      return equalBytes(one.deviceKey, deviceKey) ? { deviceKey, isRevoked: true } : one
    })
    return { ...record, removed }
  })
}

const without = (keys: readonly DeviceKey[] = [], deviceKey: DeviceKey): DeviceKey[] =>
  keys.filter((one) => !equalBytes(one, deviceKey))

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

/** By what this profile knows, and by what the server lists: neither alone can keep a device from being removed. */
async function deviceNamed(context: Context, call: Call, idStart: string): Promise<DeviceKey> {
  const wanted = idStart.toLowerCase()
  const { linked = [], removed = [] } = firstDevice(context)
  const fits = (deviceKey: DeviceKey): boolean => wanted.length >= 4 && toHex(deviceKey).startsWith(wanted)
  const known = [...linked, ...removed.map(({ deviceKey }) => deviceKey)].filter(fits)
  const listed = await ownDevices(context, call).catch((error: unknown) => {
    if (known.length === 0 || !isForLater(error)) throw error
    return []
  })
  const found = [...known, ...listed.map(({ deviceKey }) => deviceKey).filter(fits)]
  const [only, another] = new Map(found.map((deviceKey) => [toHex(deviceKey), deviceKey])).values()
  if (only !== undefined && another === undefined) return only
  const nextStep = "Look at your devices, and name at least four digits, or more where several begin alike."
  throw refused(
    `${only === undefined ? "no device" : "more than one device"} of yours is called "${idStart}"`,
    nextStep,
  )
}

/** Our record, if we may link this device. @throws ClientError `device_refused` */
function linkable(context: Context, deviceKey: DeviceKey): IdentityRecord {
  const record = firstDevice(context)
  if (record.removed?.some((one) => equalBytes(one.deviceKey, deviceKey)) !== true) return record
  throw refused("you took this device back", "Link it again with a new profile.")
}

function firstDevice({ self }: Context): IdentityRecord {
  const { record } = self
  if (record !== undefined && record.isRegistered && record.certificate === undefined) return record
  throw refused("only your first device can do that", "Do it on the device on which you registered.")
}

const refused = (what: string, nextStep: string): ClientError => new ClientError("device_refused", what, { nextStep })

import type { CipherSuite } from "@qpc/crypto"
import {
  readDeviceCertificate,
  readDeviceRevocation,
  verifyDeviceCertificate,
  verifyDeviceRevocation,
} from "@qpc/envelope"
import { equalBytes, IDENTITY_KEY_BYTES, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { ServerClock } from "../clock.ts"
import { refusal } from "../refusal.ts"
import type { RefusalReason } from "../refusal.ts"
import type { ServerLimits } from "../server-limits.ts"
import type { Device, Storage } from "../storage/storage.ts"

/** What `Devices` is made of. */
export interface DevicesOptions {
  readonly storage: Storage
  readonly suite: Pick<CipherSuite, "verify">
  readonly clock: ServerClock
  readonly limits: Pick<ServerLimits, "devicesPerIdentity">
}

/** Revoked devices stay, so that nobody registers one again: so many of them for each that a person may have. */
const REVOKED_FOR_EACH = 10

const REFUSED: Readonly<Record<"revoked" | "key_taken" | "too_many", RefusalReason>> = {
  revoked: "device_revoked",
  key_taken: "device_key_taken",
  too_many: "too_many_devices",
}

/**
 * Which devices people have beyond their first: what they signed, and nothing that this server could have made up. Refusals are
 * thrown as `RpcError`.
 */
export class Devices {
  readonly #options: DevicesOptions

  constructor(options: DevicesOptions) {
    this.#options = options
  }

  /** Keeps a device that `owner` has signed, durable when this resolves. */
  async register(owner: IdentityKey, bytes: Uint8Array): Promise<void> {
    const { storage, suite, clock, limits } = this.#options
    const certificate = readDeviceCertificate(bytes)
    const isOwn = certificate !== undefined && equalBytes(certificate.identityKey, owner)
    if (!isOwn || !verifyDeviceCertificate(suite, certificate)) throw refusal("device_certificate_invalid")
    const registeredAtMs = clock.unixMs()
    if (certificate.notAfterMs < registeredAtMs) throw refusal("device_certificate_invalid")
    const { deviceKey } = certificate
    const active = limits.devicesPerIdentity - 1
    const bounds = { active, ever: active * (1 + REVOKED_FOR_EACH) }
    const device = { identityKey: owner, deviceKey, certificate: bytes, registeredAtMs }
    const outcome = await storage.addDevice(device, bounds)
    if (outcome !== "added" && outcome !== "known") throw refusal(REFUSED[outcome])
  }

  /** The devices of anybody, beyond their first. */
  async list(identityKey: Uint8Array): Promise<readonly Device[]> {
    const { storage } = this.#options
    if (identityKey.length !== IDENTITY_KEY_BYTES) throw refusal("malformed")
    const owner = toIdentityKey(identityKey)
    if (!(await storage.accountByIdentity(owner))) throw refusal("user_unknown")
    return storage.devices(owner)
  }

  /** Takes a device back for ever, as `owner` has signed. Durable when this resolves. */
  async revoke(owner: IdentityKey, bytes: Uint8Array): Promise<Device> {
    const { storage, suite } = this.#options
    const revocation = readDeviceRevocation(bytes)
    const isOwn = revocation !== undefined && equalBytes(revocation.identityKey, owner)
    if (!isOwn || !verifyDeviceRevocation(suite, revocation)) throw refusal("device_revocation_invalid")
    const device = await storage.device(revocation.deviceKey)
    if (device === undefined || !equalBytes(device.identityKey, owner)) throw refusal("device_unknown")
    await storage.revokeDevice(revocation.deviceKey, bytes)
    return device
  }
}

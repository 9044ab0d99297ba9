import { equalBytes, toDeviceKey, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { Device, DeviceLimits } from "./storage.ts"

/** Devices beyond each person's first, in the plainest words; see `MemoryStorage`. */
export class MemoryDevices {
  readonly #devices = new Map<string, Device>()

  copy(): MemoryDevices {
    const copy = new MemoryDevices()
    for (const [key, device] of this.#devices) copy.#devices.set(key, device)
    return copy
  }

  /** @param isTaken - true if the key is an account's */
  add(
    device: Omit<Device, "revocation">,
    limits: DeviceLimits,
    isTaken: boolean,
  ): "added" | "known" | "revoked" | "key_taken" | "too_many" {
    const known = this.byKey(device.deviceKey)
    if (known !== undefined && equalBytes(known.identityKey, device.identityKey)) {
      return known.revocation === undefined ? "known" : "revoked"
    }
    if (isTaken || known !== undefined) return "key_taken"
    const others = this.of(device.identityKey)
    const active = others.filter(({ revocation }) => revocation === undefined)
    if (active.length >= limits.active || others.length >= limits.ever) return "too_many"
    this.#devices.set(toHex(device.deviceKey), { ...device, revocation: undefined })
    return "added"
  }

  byKey(deviceKey: DeviceKey): Device | undefined {
    return this.#devices.get(toHex(deviceKey))
  }

  /** False for the key of an account. */
  isRevoked(key: IdentityKey): boolean {
    return this.byKey(toDeviceKey(key))?.revocation !== undefined
  }

  of(identityKey: IdentityKey): readonly Device[] {
    return [...this.#devices.values()].filter((device) => equalBytes(device.identityKey, identityKey))
  }

  revoke(deviceKey: DeviceKey, revocation: Uint8Array): void {
    const device = this.byKey(deviceKey)
    if (device === undefined) throw new Error("unreachable: a revoked device that nobody knows")
    this.#devices.set(toHex(deviceKey), { ...device, revocation: device.revocation ?? revocation.slice() })
  }
}

import { equalBytes, toDeviceKey, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { Device, DeviceLimits } from "../storage.ts"
import type { AccountRows } from "./accounts.ts"
import type { SqliteDatabase } from "./engine.ts"

interface DeviceRow {
  readonly device_key: Uint8Array
  readonly identity_key: Uint8Array
  readonly certificate: Uint8Array
  readonly registered_at_ms: number
  readonly revocation: Uint8Array | null
}

const SELECT = `
  SELECT own.identity_key AS device_key, person.identity_key AS identity_key, certificate, registered_at_ms, revocation
  FROM devices JOIN accounts AS own ON own.id = devices.id JOIN accounts AS person ON person.id = owner`

/** The rows of devices beyond each person's first. Synchronous; changes belong inside a group commit. */
export class DeviceRows {
  readonly #accounts: AccountRows
  readonly #byKey
  readonly #of
  readonly #insert
  readonly #revoke
  readonly #isRevoked

  constructor(db: SqliteDatabase, accounts: AccountRows) {
    this.#accounts = accounts
    this.#byKey = db.prepare<[Uint8Array], DeviceRow>(`${SELECT} WHERE own.identity_key = ?`)
    this.#of = db.prepare<[Uint8Array], DeviceRow>(`${SELECT} WHERE person.identity_key = ? ORDER BY devices.id`)
    this.#insert = db.prepare("INSERT INTO devices (id, owner, certificate, registered_at_ms) VALUES (?, ?, ?, ?)")
    this.#revoke = db.prepare("UPDATE devices SET revocation = ? WHERE id = ? AND revocation IS NULL")
    this.#isRevoked = db
      .prepare<[number], number>("SELECT 1 FROM devices WHERE id = ? AND revocation IS NOT NULL")
      .pluck()
  }

  add(
    { identityKey, deviceKey, certificate, registeredAtMs }: Omit<Device, "revocation">,
    limits: DeviceLimits,
  ): "added" | "known" | "revoked" | "key_taken" | "too_many" {
    const known = this.byKey(deviceKey)
    if (known !== undefined && equalBytes(known.identityKey, identityKey)) {
      return known.revocation === undefined ? "known" : "revoked"
    }
    if (this.#accounts.idOf(toIdentityKey(deviceKey)) !== undefined) return "key_taken"
    const owner = this.#accounts.idOf(identityKey)
    if (owner === undefined) throw new Error("unreachable: a device without a person")
    const others = this.of(identityKey)
    const active = others.filter(({ revocation }) => revocation === undefined)
    if (active.length >= limits.active || others.length >= limits.ever) return "too_many"
    const id = this.#accounts.createNameless(deviceKey, registeredAtMs)
    this.#insert.run(id, owner, certificate, registeredAtMs)
    return "added"
  }

  byKey(deviceKey: DeviceKey): Device | undefined {
    const row = this.#byKey.get(deviceKey)
    return row && toDevice(row)
  }

  of(identityKey: IdentityKey): readonly Device[] {
    return this.#of.all(identityKey).map(toDevice)
  }

  /** False for an account. What is asked before a change counts only inside the same group commit. */
  isRevoked(id: number): boolean {
    return this.#isRevoked.get(id) !== undefined
  }

  /** The first revocation stays. */
  revoke(id: number, revocation: Uint8Array): void {
    this.#revoke.run(revocation, id)
  }
}

function toDevice(row: DeviceRow): Device {
  return {
    identityKey: toIdentityKey(new Uint8Array(row.identity_key)),
    deviceKey: toDeviceKey(new Uint8Array(row.device_key)),
    certificate: new Uint8Array(row.certificate),
    registeredAtMs: row.registered_at_ms,
    revocation: row.revocation === null ? undefined : new Uint8Array(row.revocation),
  }
}

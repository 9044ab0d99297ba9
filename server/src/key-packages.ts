import { XWING_SUITE_ID } from "@qpc/crypto"
import { IDENTITY_KEY_BYTES, toDeviceKey, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { ServerClock } from "./clock.ts"
import { refusal } from "./refusal.ts"
import type { ServerLimits } from "./server-limits.ts"
import { SlidingWindow } from "./sliding-window.ts"
import type { LastResort, StockedKeyPackage, Storage, TakenKeyPackage } from "./storage/storage.ts"

/** What a person's stock is. */
export interface Stock {
  readonly available: number
  /** Absent if there is none, or it has expired. */
  readonly lastResort: LastResort | undefined
}

/** What a person adds to one of their stocks. */
export interface Upload {
  readonly packages: readonly StockedKeyPackage[]
  /** Takes the place of the one before. */
  readonly lastResort: StockedKeyPackage | undefined
  /** IANA code point of the cipher suite of all of them. */
  readonly suiteId: number
}

/** A stock for any number would be room without end: groups have one of these (`suite-rules.ts` of @qpc/group). */
const SUITES: ReadonlySet<number> = new Set([0x0001, 0x0003, XWING_SUITE_ID])

/** Stocks of key packages, each handed out once, and one for each that is empty (RFC 9420 §16.8). Refusals are thrown as `RpcError`. */
export class KeyPackages {
  readonly #storage: Storage
  readonly #clock: ServerClock
  readonly #limits: ServerLimits
  readonly #fetches: SlidingWindow
  readonly #fetchesOfOne: SlidingWindow

  constructor(options: { readonly storage: Storage; readonly clock: ServerClock; readonly limits: ServerLimits }) {
    this.#storage = options.storage
    this.#clock = options.clock
    this.#limits = options.limits
    const bounds = { keysLimit: options.limits.rateKeys, nowMs: () => options.clock.nowMs() }
    this.#fetches = new SlidingWindow(options.limits.fetches, bounds)
    this.#fetchesOfOne = new SlidingWindow(options.limits.fetchesOfOne, bounds)
  }

  /** Adds to the owner's stock, all or nothing, and replaces the last-resort package, if there is another. */
  async upload(owner: IdentityKey, { packages, lastResort, suiteId }: Upload): Promise<Stock> {
    if (!SUITES.has(suiteId)) throw refusal("cipher_suite_unknown")
    const nowMs = this.#clock.unixMs()
    const { keyPackageBytes, keyPackageLifetimeMs, keyPackageStock } = this.#limits
    if (packages.length > keyPackageStock) throw refusal("key_package_stock_full")
    for (const { data, expiresAtMs } of lastResort === undefined ? packages : [...packages, lastResort]) {
      const isSized = data.length > 0 && data.length <= keyPackageBytes
      const isTimely = expiresAtMs > nowMs && expiresAtMs <= nowMs + keyPackageLifetimeMs
      if (!isSized || !isTimely) throw refusal("key_package_invalid")
    }
    const at = { nowMs, stockLimit: keyPackageStock, suiteId }
    const outcome = await this.#storage.addKeyPackages(owner, packages, at)
    if (outcome.kind === "stock_full") throw refusal("key_package_stock_full")
    if (outcome.kind === "device_revoked") throw refusal("device_revoked")
    const kept = lastResort === undefined ? undefined : await this.#storage.keepLastResort(owner, lastResort, suiteId)
    if (kept === "device_revoked") throw refusal("device_revoked")
    return { available: outcome.available, lastResort: await this.#storage.lastResort(owner, nowMs, suiteId) }
  }

  /**
   * Takes one package of `identityKey` for ever, or the last-resort one; that it is gone, or was used, is durable before it is
   * handed out.
   */
  async fetch(requester: IdentityKey, identityKey: Uint8Array, suiteId: number): Promise<TakenKeyPackage> {
    if (identityKey.length !== IDENTITY_KEY_BYTES) throw refusal("malformed")
    const owner = toIdentityKey(identityKey)
    this.#admit(toHex(requester), toHex(owner))
    const taken = await this.#storage.takeKeyPackage(owner, this.#clock.unixMs(), suiteId)
    if (taken) return taken
    throw refusal((await this.#isKnown(owner)) ? "key_packages_exhausted" : "user_unknown")
  }

  async #isKnown(owner: IdentityKey): Promise<boolean> {
    const device = await this.#storage.device(toDeviceKey(owner))
    return device !== undefined || (await this.#storage.accountByIdentity(owner)) !== undefined
  }

  /** What is refused is not counted. */
  #admit(requester: string, owner: string): void {
    const ofOne = this.#fetchesOfOne.take(`${requester} ${owner}`)
    if (!ofOne.admitted) throw refusal("fetch_rate_limited", ofOne)
    const ofAll = this.#fetches.take(requester)
    if (ofAll.admitted) return
    this.#fetchesOfOne.giveBack(`${requester} ${owner}`)
    throw refusal("fetch_rate_limited", ofAll)
  }
}

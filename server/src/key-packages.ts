import { IDENTITY_KEY_BYTES, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { ServerClock } from "./clock.ts"
import { refusal } from "./refusal.ts"
import type { ServerLimits } from "./server-limits.ts"
import { SlidingWindow } from "./sliding-window.ts"
import type { StockedKeyPackage, Storage } from "./storage/storage.ts"

/** Stocks of key packages, each handed out once (RFC 9420 §16.8). Refusals are thrown as `RpcError`. */
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

  /** Adds to the owner's stock, all or nothing. @returns how many are available now */
  async upload(owner: IdentityKey, packages: readonly StockedKeyPackage[]): Promise<number> {
    const nowMs = this.#clock.unixMs()
    const { keyPackageBytes, keyPackageLifetimeMs, keyPackageStock } = this.#limits
    if (packages.length > keyPackageStock) throw refusal("key_package_stock_full")
    for (const { data, expiresAtMs } of packages) {
      const isSized = data.length > 0 && data.length <= keyPackageBytes
      const isTimely = expiresAtMs > nowMs && expiresAtMs <= nowMs + keyPackageLifetimeMs
      if (!isSized || !isTimely) throw refusal("key_package_invalid")
    }
    const at = { nowMs, stockLimit: keyPackageStock }
    const outcome = await this.#storage.addKeyPackages(owner, packages, at)
    if (outcome.kind === "stock_full") throw refusal("key_package_stock_full")
    return outcome.available
  }

  /** Takes one package of `identityKey` for ever; that it is gone is durable before it is handed out. */
  async fetch(requester: IdentityKey, identityKey: Uint8Array): Promise<Uint8Array> {
    if (identityKey.length !== IDENTITY_KEY_BYTES) throw refusal("malformed")
    const owner = toIdentityKey(identityKey)
    this.#admit(toHex(requester), toHex(owner))
    const data = await this.#storage.takeKeyPackage(owner, this.#clock.unixMs())
    if (data) return data
    throw refusal((await this.#storage.accountByIdentity(owner)) ? "key_packages_exhausted" : "user_unknown")
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

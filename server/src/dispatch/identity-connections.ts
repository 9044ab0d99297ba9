import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/** Bounds what one identity can hold of the server: beyond the limit, its oldest connection makes room. */
export class IdentityConnections {
  readonly #limit: number
  /** Oldest first. */
  readonly #closings = new Map<string, Set<(reason: string) => void>>()

  /** @param limit - connections of one identity */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Closes all of them: their session is over. */
  closeAll(identityKey: IdentityKey): void {
    const closings = [...(this.#closings.get(toHex(identityKey)) ?? [])]
    for (const close of closings) close("the device was revoked")
  }

  /** @param close - ends the connection; called at most once. Dispose of the result when it has ended otherwise. */
  enter(identityKey: IdentityKey, close: (reason: string) => void): Disposable {
    const key = toHex(identityKey)
    const closings = this.#closings.get(key) ?? new Set()
    this.#closings.set(key, closings)
    // One function may enter twice: each place is its own.
    const place = (reason: string): void => close(reason)
    closings.add(place)
    for (const oldest of closings) {
      if (closings.size <= this.#limit) break
      closings.delete(oldest)
      oldest("newer connections took its place")
    }
    return {
      [Symbol.dispose]: () => {
        closings.delete(place)
        if (closings.size === 0 && this.#closings.get(key) === closings) this.#closings.delete(key)
      },
    }
  }
}

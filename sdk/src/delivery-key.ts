import { equalBytes } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Profile } from "./profile.ts"
import type { Change } from "./store.ts"

/** Ed25519. */
const KEY_BYTES = 32

/**
 * The key under which our server signs the log of each group's epochs. It is believed at first contact and never changes: what it
 * signed under one key is no promise to keep under another.
 */
export class DeliveryKey {
  readonly #profile: Profile
  #pinned: Uint8Array | undefined

  constructor(profile: Profile, pinned: Uint8Array | undefined) {
    this.#profile = profile
    this.#pinned = pinned
  }

  /** Borrowed. `undefined` until the server has told of one. */
  get pinned(): Uint8Array | undefined {
    return this.#pinned
  }

  /**
   * Holds what the server says against what it said before. @returns what has to be stored before {@link pin}
   *
   * @throws ClientError `server_changed` for another key, and for none where there was one
   */
  check(told: Uint8Array): readonly Change[] {
    if (this.#pinned === undefined && told.length === 0) return [] // A server of before there was a log.
    if (this.#pinned !== undefined && equalBytes(this.#pinned, told)) return []
    if (this.#pinned === undefined && told.length === KEY_BYTES) return [this.#profile.putDeliveryKey(told)]
    const what = "the server signs the histories of groups with another key than before"
    throw new ClientError("server_changed", what, {
      nextStep: "Ask its operator why; if the server lost its data, begin with a new profile.",
    })
  }

  /** Believes in a key that {@link check} found in order, once that is on disk. Copies. */
  pin(told: Uint8Array): void {
    if (told.length === KEY_BYTES) this.#pinned ??= told.slice()
  }
}

import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Profile } from "./profile.ts"

/** The next free places in the store. They only grow; a place that was given out and not used stays empty. */
export class Positions {
  readonly #profile: Profile
  readonly #nextMessage = new Map<string, number>()
  #nextOutbox: number
  #nextNotice: number

  /** @param lastOutbox - The last place in use, 0 for none. @param lastNotice - Likewise. */
  constructor(profile: Profile, lastOutbox: number, lastNotice: number) {
    this.#profile = profile
    this.#nextOutbox = lastOutbox + 1
    this.#nextNotice = lastNotice + 1
  }

  outbox(): number {
    return this.#nextOutbox++
  }

  notice(): number {
    return this.#nextNotice++
  }

  async message(groupId: GroupId): Promise<number> {
    const group = toHex(groupId)
    const next = this.#nextMessage.get(group) ?? (await this.#profile.nextMessagePosition(groupId))
    this.#nextMessage.set(group, next + 1)
    return next
  }
}

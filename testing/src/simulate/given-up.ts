import type { Device } from "./oracle.ts"

/** What senders were told of texts that somebody will not get because their inbox had no room for too long. Keys are in hexadecimal. */
export class GivenUp {
  readonly #times: Map<string, number>

  constructor(times: ReadonlyMap<string, number> = new Map()) {
    this.#times = new Map(times)
  }

  /** One to take from, while this one stays as it is. */
  copy(): GivenUp {
    return new GivenUp(this.#times)
  }

  /** A sender was told of one text and one person, whom they may know by nothing but the key of a device. */
  note(sender: string, group: string, person: string): void {
    const telling = `${sender} ${group} ${person}`
    this.#times.set(telling, (this.#times.get(telling) ?? 0) + 1)
  }

  /**
   * True if the sender was told that this device gets no text of theirs; each telling counts once. Whose device it is, only a group says
   * that both are in and that the sender can read: where there is none, its key is named.
   */
  take(sender: string, group: string, { identityKey, key }: Device): boolean {
    return [identityKey, key].some((person) => {
      const telling = `${sender} ${group} ${person}`
      const times = this.#times.get(telling) ?? 0
      if (times > 0) this.#times.set(telling, times - 1)
      return times > 0
    })
  }
}

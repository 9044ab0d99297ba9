import { XWING_SUITE_ID } from "@qpc/crypto"

/** Which cipher suite each group has in which epoch, as devices say. Keys and groups are in hexadecimal. */
export class GroupSuites {
  readonly #count: (what: string) => void
  readonly #byEpoch = new Map<string, number>()
  /** What each device has followed its groups to, by device and group. */
  readonly #followed = new Map<string, number>()
  /** The first epoch of each group that is known to hold against quantum computers, and the last that does not. */
  readonly #strongFrom = new Map<string, bigint>()
  readonly #weakUntil = new Map<string, bigint>()

  constructor(count: (what: string) => void) {
    this.#count = count
  }

  /**
   * A device is in this epoch of a group.
   *
   * @returns false if what it says means that the group went back from X-Wing
   */
  observed(
    device: string,
    group: string,
    { epoch, suiteId }: { readonly epoch: bigint; readonly suiteId: number },
  ): boolean {
    const place = `${device} ${group}`
    const before = this.#followed.get(place)
    if (before !== undefined && before !== suiteId) this.#count("members who followed into another cipher suite")
    this.#followed.set(place, suiteId)
    const isNew = !this.#byEpoch.has(`${group} ${epoch}`)
    this.#byEpoch.set(`${group} ${epoch}`, suiteId)
    const earlier = this.#byEpoch.get(`${group} ${epoch - 1n}`)
    if (isNew && earlier !== undefined && earlier !== suiteId) this.#count("groups that changed their cipher suite")
    const [strongFrom, weakUntil] = [this.#strongFrom.get(group), this.#weakUntil.get(group)]
    if (suiteId === XWING_SUITE_ID) {
      if (strongFrom === undefined || epoch < strongFrom) this.#strongFrom.set(group, epoch)
    } else if (weakUntil === undefined || epoch > weakUntil) this.#weakUntil.set(group, epoch)
    return !this.#wentBack(group)
  }

  /** True where a text of this epoch is read by a device whose group has another suite by now. */
  isFormer(device: string, group: string, epoch: bigint): boolean {
    const [then, now] = [this.#byEpoch.get(`${group} ${epoch}`), this.#followed.get(`${device} ${group}`)]
    return then !== undefined && now !== undefined && then !== now
  }

  #wentBack(group: string): boolean {
    const [strongFrom, weakUntil] = [this.#strongFrom.get(group), this.#weakUntil.get(group)]
    return strongFrom !== undefined && weakUntil !== undefined && strongFrom <= weakUntil
  }
}

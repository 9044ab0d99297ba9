/** Which devices the server has in each group, epoch by epoch: what the commits that it took said. Keys are in hexadecimal. */
export class ChannelRosters {
  readonly #byEpoch = new Map<string, ReadonlySet<string>>()
  readonly #newest = new Map<string, ReadonlySet<string>>()

  /** The server took a commit that leads a group into this epoch. */
  advance(group: string, epoch: bigint, devices: Iterable<string>): void {
    const roster = new Set(devices)
    this.#byEpoch.set(`${group} ${epoch}`, roster)
    this.#newest.set(group, roster)
  }

  /** `undefined` for the first epoch, of which the server knows nothing. */
  of(group: string, epoch: bigint): ReadonlySet<string> | undefined {
    return this.#byEpoch.get(`${group} ${epoch}`)
  }

  /** As {@link of}, now. */
  newest(group: string): ReadonlySet<string> | undefined {
    return this.#newest.get(group)
  }
}

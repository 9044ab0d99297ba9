/** What one member may advertise. */
export interface CapabilityLimits {
  /** Names that one member may advertise. Default 64. */
  readonly names?: number
  /** Characters of one name. Default 128. */
  readonly nameCharacters?: number
}

const NAMES_MAX = 64
const NAME_CHARACTERS_MAX = 128

/**
 * What the members of a group can do, by what each advertised (GSP "Capabilities"), and what follows for all together.
 *
 * Names are opaque and compared by their code units. Only who was asked about counts: tell it of everybody who is in the group,
 * or a feature that one of them lacks will look safe.
 */
export class Capabilities {
  readonly #limits: Required<CapabilityLimits>
  readonly #advertised = new Map<number, ReadonlySet<string>>()

  constructor({ names = NAMES_MAX, nameCharacters = NAME_CHARACTERS_MAX }: CapabilityLimits = {}) {
    this.#limits = { names, nameCharacters }
  }

  /** How many members have advertised. */
  get size(): number {
    return this.#advertised.size
  }

  /** Takes the place of what the member advertised before. @throws RangeError above the limits, and then nothing changes */
  advertise(memberId: number, names: Iterable<string>): void {
    const taken = new Set<string>()
    for (const name of names) {
      if (name.length > this.#limits.nameCharacters) throw new RangeError("the name of a capability is too long")
      taken.add(name)
      if (taken.size > this.#limits.names)
        throw new RangeError(`a member advertises at most ${this.#limits.names} names`)
    }
    this.#advertised.set(memberId, taken)
  }

  /** For members who left. */
  forget(memberId: number): void {
    this.#advertised.delete(memberId)
  }

  /** `undefined` for a member who advertised nothing. */
  of(memberId: number): ReadonlySet<string> | undefined {
    return this.#advertised.get(memberId)
  }

  /** What everybody can do: safe to use. Empty where nobody advertised. */
  intersection(): ReadonlySet<string> {
    const [first, ...others] = this.#advertised.values()
    return new Set([...(first ?? [])].filter((name) => others.every((known) => known.has(name))))
  }

  /** What anybody can do. */
  union(): ReadonlySet<string> {
    const all = new Set<string>()
    for (const names of this.#advertised.values()) for (const name of names) all.add(name)
    return all
  }

  /** True if everybody can do it, and there is somebody. */
  groupSupports(name: string): boolean {
    return this.size > 0 && this.missing(name).length === 0
  }

  /** Who cannot do it, in the order in which they first advertised. */
  missing(name: string): number[] {
    return [...this.#advertised].filter(([, names]) => !names.has(name)).map(([memberId]) => memberId)
  }
}

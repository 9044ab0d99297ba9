import { Capabilities } from "@qpc/gsp"

/** What the members of a group can do, by what each advertised, and what follows for all together. Names are opaque. */
export class CapabilitiesNegotiator {
  readonly #advertised = new Capabilities()

  get size(): number {
    return this.#advertised.size
  }

  /** Takes the place of what the member advertised before. @throws RangeError above 64 names, or 128 characters of one */
  advertise(memberId: number, capabilities: Iterable<string>): void {
    this.#advertised.advertise(memberId, capabilities)
  }

  /** For members who left. */
  forget(memberId: number): void {
    this.#advertised.forget(memberId)
  }

  /** A copy; `null` for a member who advertised nothing. */
  capabilitiesOf(memberId: number): Set<string> | null {
    const names = this.#advertised.of(memberId)
    return names === undefined ? null : new Set(names)
  }

  /** True if everybody who advertised can do it, and there is somebody. */
  groupSupports(capability: string): boolean {
    return this.#advertised.groupSupports(capability)
  }

  /** What everybody can do. */
  intersection(): Set<string> {
    return new Set(this.#advertised.intersection())
  }

  /** What anybody can do. */
  union(): Set<string> {
    return new Set(this.#advertised.union())
  }

  /** Who cannot do it, of those who advertised. */
  missing(capability: string): number[] {
    return [...this.#advertised.missing(capability)]
  }
}

import type { Invitation, Library, Member, Newcomer } from "./library.ts"

/**
 * One group of `memberCount` in the hands of its creator, at leaf 0, and its newest member, at the last leaf. One commit
 * added everybody, so that all nodes above the leaves are blank until {@link warm}.
 *
 * The creator commits; its commits are kept until the newest member is asked for, and follows.
 */
export class Cast {
  readonly memberCount: number
  readonly creator: Member
  readonly invitation: Invitation
  /** Somebody who is not in the group. */
  readonly outsider: Newcomer
  readonly #people: readonly Newcomer[]
  #newest: Member | undefined
  #missed: Uint8Array[] = []

  private constructor(people: readonly Newcomer[], outsider: Newcomer, creator: Member, invitation: Invitation) {
    this.memberCount = people.length
    this.creator = creator
    this.invitation = invitation
    this.outsider = outsider
    this.#people = people
  }

  /** @throws RangeError for fewer than two members */
  static async of(library: Library, memberCount: number): Promise<Cast> {
    if (memberCount < 2) throw new RangeError("a cast has two members at least")
    const people = await newcomers(library, memberCount)
    const creator = await library.create(people[0]!)
    const invitation = await creator.add(people.slice(1))
    return new Cast(people, await library.newcomer(), creator, invitation)
  }

  get newestNewcomer(): Newcomer {
    return this.#people.at(-1)!
  }

  /** The newest member, in the epoch of the creator. It joins when it is first asked for, which may use its Welcome up. */
  async newest(): Promise<Member> {
    const newest = (this.#newest ??= await this.newestNewcomer.join(this.invitation))
    for (const commit of this.#missed.splice(0)) await newest.follow!(commit)
    return newest
  }

  /** Keeps a commit of the creator that the newest member has still to follow. */
  remember(commit: Uint8Array): void {
    this.#missed.push(commit)
  }

  /**
   * Gives a key to each subtree beside the path of the creator, so that its next commit seals to one key per level: the
   * members at leaves 1, 2, 4, 8 … commit once each. Only before the creator's first own commit.
   */
  async warm(): Promise<void> {
    const helpers: Member[] = []
    for (const leafIndex of helperLeaves(this.memberCount)) {
      helpers.push(await this.#people[leafIndex]!.join(this.invitation))
    }
    const everybody = [this.creator, await this.newest(), ...helpers]
    for (const author of helpers) {
      const commit = await author.update!()
      for (const member of everybody) if (member !== author) await member.follow!(commit)
    }
    for (const helper of helpers) helper.free?.()
  }

  free(): void {
    this.creator.free?.()
    this.#newest?.free?.()
  }
}

/** People with key packages. */
export async function newcomers(library: Library, count: number): Promise<readonly Newcomer[]> {
  const people: Newcomer[] = []
  for (let at = 0; at < count; at++) people.push(await library.newcomer())
  return people
}

/** The first leaf of each subtree beside the path of leaf 0; the newest member is no helper of itself. */
function helperLeaves(memberCount: number): readonly number[] {
  const leaves: number[] = []
  for (let leafIndex = 1; leafIndex < memberCount - 1; leafIndex *= 2) leaves.push(leafIndex)
  return leaves
}

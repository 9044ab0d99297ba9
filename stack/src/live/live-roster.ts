import type { MemberChanges } from "@qpc/gbp"
import type { Member, MergeReport } from "@qpc/mls"
import { signedMemberId } from "../member-id-extension.ts"
import { refusalOfCommit } from "../signed-member-ids.ts"

/** Who is who in one epoch: member ids, which are never used again, by leaf indices, which are. */
export class LiveRoster {
  readonly #byLeaf: ReadonlyMap<number, number>
  /** Ascending. */
  readonly memberIds: readonly number[]

  private constructor(byLeaf: ReadonlyMap<number, number>) {
    this.#byLeaf = byLeaf
    this.memberIds = [...byLeaf.values()].toSorted((a, b) => a - b)
  }

  /** `undefined` unless each of these leaves signs a member id, and no two the same. */
  static of(members: readonly Member[]): LiveRoster | undefined {
    const byLeaf = new Map<number, number>()
    for (const { leafIndex, extensions } of members) {
      const memberId = signedMemberId(extensions)
      if (typeof memberId !== "number") return undefined
      byLeaf.set(leafIndex, memberId)
    }
    return new Set(byLeaf.values()).size === byLeaf.size ? new LiveRoster(byLeaf) : undefined
  }

  /** The roster after a commit; `undefined` if one of its leaves has no id, one that is taken, or another than before. */
  static after(members: readonly Member[], report: MergeReport): LiveRoster | undefined {
    if (refusalOfCommit(members, report) !== undefined) return undefined
    const gone = new Set(report.removed.map(({ leafIndex }) => leafIndex))
    return LiveRoster.of([...members.filter(({ leafIndex }) => !gone.has(leafIndex)), ...report.added])
  }

  memberIdOf(leafIndex: number): number | undefined {
    return this.#byLeaf.get(leafIndex)
  }

  leafOf(memberId: number): number | undefined {
    return [...this.#byLeaf].find(([, id]) => id === memberId)?.[0]
  }

  /** What leads from here to another roster. Ids ascending. */
  changesTo(next: LiveRoster): MemberChanges {
    return {
      joined: next.memberIds.filter((id) => !this.memberIds.includes(id)),
      left: this.memberIds.filter((id) => !next.memberIds.includes(id)),
    }
  }
}

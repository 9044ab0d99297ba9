import type { CommitCost } from "@qpc/mls"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { warmingTurn } from "./warming.ts"

const LIMITS = { warmFromMembers: 32, warmCiphertextsPerLevel: 2 }

/** The model: which nodes of a full tree have keys, by height and place. Nobody is unmerged. */
class KeyedTree {
  readonly levels: number
  readonly leaves: number[]
  readonly #keyed = new Set<string>()

  constructor(levels: number, isMember: (leaf: number) => boolean = () => true) {
    this.levels = levels
    this.leaves = Array.from({ length: 2 ** levels }, (_, leaf) => leaf).filter(isMember)
  }

  commit(leaf: number): void {
    for (let height = 1; height <= this.levels; height++) this.#keyed.add(`${height}/${Math.floor(leaf / 2 ** height)}`)
  }

  reach(height: number, place: number): number {
    if (this.#keyed.has(`${height}/${place}`)) return 1
    if (height === 0) return this.leaves.includes(place) ? 1 : 0
    return this.reach(height - 1, 2 * place) + this.reach(height - 1, 2 * place + 1)
  }

  costOf(leaf: number): number {
    let cost = 0
    for (let height = 0; height < this.levels; height++) cost += this.reach(height, Math.floor(leaf / 2 ** height) ^ 1)
    return cost
  }

  get worst(): number {
    return Math.max(...this.leaves.map((leaf) => this.costOf(leaf)))
  }

  turnOf(leafIndex: number, worst: number): number | undefined {
    const heights = Array.from({ length: this.levels }, (_, at) => at + 1)
    const reachAbove = heights.map((height) => this.reach(height, Math.floor(leafIndex / 2 ** height)))
    const cost: CommitCost = { own: this.costOf(leafIndex), worst, reachAbove }
    return warmingTurn({ cost, leafIndex, leaves: this.leaves }, LIMITS)
  }

  /** Who is first in line, if anybody is. */
  first(): number | undefined {
    const { worst } = this
    const line = this.leaves.flatMap((leaf) => {
      const turn = this.turnOf(leaf, worst)
      return turn === undefined ? [] : [{ leaf, turn }]
    })
    return line.toSorted((a, b) => a.turn - b.turn)[0]?.leaf
  }
}

/** Lets one after the other commit. @returns who did */
function warm(tree: KeyedTree): number[] {
  const committers: number[] = []
  for (let leaf = tree.first(); leaf !== undefined; leaf = tree.first()) {
    tree.commit(leaf)
    committers.push(leaf)
  }
  return committers
}

describe("the line of those who warm a tree", () => {
  it.each([
    [5, 32],
    [6, 64],
    [8, 256],
  ])(
    "ends with cheap commits for everybody after one commit for every eight members: %d levels, %d members",
    (levels) => {
      const tree = new KeyedTree(levels)
      tree.commit(0)
      const committers = warm(tree)
      expect(committers.length).toBeLessThan(2 ** levels / 8)
      expect(committers.every((leaf) => leaf % 8 === 0)).toBe(true)
      expect(tree.worst).toBeLessThanOrEqual(2 * levels)
    },
  )

  it("passes to the next member of a block only after all blocks had their turn", () => {
    const tree = new KeyedTree(8)
    tree.commit(0)
    const turns = [8, 16, 248, 9, 17, 249, 15].map((leaf) => tree.turnOf(leaf, tree.worst))
    expect(turns).toEqual([1, 2, 31, 33, 34, 63, 7 * 32 + 1])
    expect(tree.turnOf(0, tree.worst)).toBeUndefined()
    expect(tree.turnOf(7, tree.worst)).toBeUndefined()
  })

  it("is empty in small groups and where commits are cheap", () => {
    expect(new KeyedTree(5, (leaf) => leaf < 31).first()).toBeUndefined()
    const warmed = new KeyedTree(6)
    for (const leaf of warmed.leaves) warmed.commit(leaf)
    expect(warmed.first()).toBeUndefined()
  })

  it("ends with cheap commits in any tree, after no more commits than there are blocks and nodes above them", () => {
    const gaps = fc.record({
      levels: fc.integer({ min: 5, max: 7 }),
      members: fc.uniqueArray(fc.integer({ min: 0, max: 127 }), { minLength: 32, maxLength: 128 }),
      committed: fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 6 }),
    })
    fc.assert(
      fc.property(gaps, ({ levels, members, committed }) => {
        const present = new Set(members)
        const tree = new KeyedTree(levels, (leaf) => present.has(leaf))
        for (const leaf of committed) if (tree.leaves.includes(leaf)) tree.commit(leaf)
        const committers = warm(tree)
        expect(committers.length).toBeLessThanOrEqual(2 ** levels / 4)
        if (tree.leaves.length >= LIMITS.warmFromMembers) expect(tree.worst).toBeLessThanOrEqual(2 * levels)
      }),
      { numRuns: 40 },
    )
  })
})

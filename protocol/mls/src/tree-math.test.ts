import { describe, expect, it } from "vitest"
import {
  commonAncestor,
  directPath,
  fullWidth,
  isBelow,
  isLeaf,
  leftOf,
  LEAVES_MAX,
  nodeWidth,
  parentOf,
  rightOf,
  rootOf,
  siblingOf,
} from "./tree-math.ts"

/** The tree of RFC 9420 §C, by its rows. */
const ROWS = [[7], [3, 11], [1, 5, 9, 13], [0, 2, 4, 6, 8, 10, 12, 14]] as const

describe("the indices of a tree of eight leaves", () => {
  it("have the root in the middle", () => {
    expect([rootOf(8), nodeWidth(8)]).toEqual([7, 15])
    expect([rootOf(1), nodeWidth(1)]).toEqual([0, 1])
  })

  it("are even for leaves, which have no children", () => {
    expect(ROWS[3].map(isLeaf)).toEqual(Array(8).fill(true))
    expect(ROWS[2].map(isLeaf)).toEqual(Array(4).fill(false))
    expect([leftOf(4), rightOf(4)]).toEqual([undefined, undefined])
  })

  it.each([
    [7, 3, 11],
    [3, 1, 5],
    [11, 9, 13],
    [5, 4, 6],
  ])("give node %d the children %d and %d, who know their parent and each other", (parent, left, right) => {
    expect([leftOf(parent), rightOf(parent)]).toEqual([left, right])
    expect([parentOf(left, 8), parentOf(right, 8)]).toEqual([parent, parent])
    expect([siblingOf(left, 8), siblingOf(right, 8)]).toEqual([right, left])
  })

  it("give the root neither parent nor sibling", () => {
    expect([parentOf(7, 8), siblingOf(7, 8), directPath(7, 8)]).toEqual([undefined, undefined, []])
  })

  it("lead from a leaf to the root", () => {
    expect(directPath(4, 8)).toEqual([5, 3, 7])
    expect(directPath(10, 8)).toEqual([9, 11, 7])
  })

  it.each([
    [0, [0]],
    [6, [3]],
    [1, [0, 1]],
    [5, [2, 3]],
    [11, [4, 5, 6, 7]],
    [7, [0, 1, 2, 3, 4, 5, 6, 7]],
  ])("put below node %d the leaves %j", (nodeIndex, below) => {
    const leaves = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    expect(leaves.filter((leafIndex) => isBelow(leafIndex, nodeIndex))).toEqual(below)
  })

  it.each([
    [0, 1, 1],
    [2, 3, 5],
    [1, 2, 3],
    [4, 7, 11],
    [3, 4, 7],
    [0, 7, 7],
  ])("have for leaves %d and %d the common ancestor %d, whichever comes first", (a, b, ancestor) => {
    expect([commonAncestor(a, b), commonAncestor(b, a)]).toEqual([ancestor, ancestor])
  })

  it("have no common ancestor of a leaf with itself", () => {
    expect(() => commonAncestor(3, 3)).toThrow(new RangeError("a leaf has no common ancestor with itself"))
  })
})

describe("the width of a full tree", () => {
  it("is the next power of two", () => {
    expect([1, 2, 3, 4, 5, 8, 9].map(fullWidth)).toEqual([1, 2, 4, 4, 8, 8, 16])
    expect(fullWidth(LEAVES_MAX)).toBe(2 ** 24)
  })

  it.each([0, -1, 1.5, Number.NaN, LEAVES_MAX + 1])("is not there for %d leaves", (leafCount) => {
    expect(() => fullWidth(leafCount)).toThrow(new RangeError(`not a number of leaves: ${leafCount}`))
  })
})

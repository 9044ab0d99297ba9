import { toDeviceKey, toHex, toIdentityKey } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { chooseBranch } from "./fork-rule.ts"
import type { EpochOrigin, ForkPolicy } from "./fork-rule.ts"

interface Branch {
  readonly name: string
  readonly origin: EpochOrigin | undefined
  readonly witnesses: ReadonlySet<string>
  readonly children: readonly Branch[]
}

const POLICY: ForkPolicy = { quorumSenders: 2, quorumDepth: 1 }
const key = (byte: number) => toIdentityKey(new Uint8Array(32).fill(byte))
const deviceKey = (byte: number) => toDeviceKey(new Uint8Array(32).fill(byte))
const ALICE = 1
const BOB = 2
const CAROL = 3

interface Shape {
  readonly by?: number
  /** Their only one has their number. */
  readonly device?: number
  readonly hash?: number
  readonly removes?: readonly number[]
  /** Who loses their only device so, unless it says otherwise. */
  readonly expels?: readonly number[]
  /** So many, or who. */
  readonly witnesses?: number | readonly number[]
  readonly children?: readonly Branch[]
}

function epoch(
  name: string,
  { by = ALICE, device = by, hash = 0, removes = [], expels = removes, witnesses = 0, children = [] }: Shape = {},
): Branch {
  const origin = {
    committer: key(by),
    device: deviceKey(device),
    commitHash: Uint8Array.of(hash),
    removed: removes.map(deviceKey),
    expelled: expels.map(key),
  }
  const people = typeof witnesses === "number" ? Array.from({ length: witnesses }, (_, at) => at + 1) : witnesses
  return { name, origin, witnesses: new Set(people.map((one) => toHex(key(one)))), children }
}

const fork = (...children: Branch[]): Branch => ({ name: "root", origin: undefined, witnesses: new Set(), children })
const chosen = (root: Branch) => {
  const { path, rule } = chooseBranch(root, POLICY)
  return [path.map(({ name }) => name).join(" "), rule]
}

/** Branches from commits of one epoch, with anything below them. */
const level = (below: fc.Arbitrary<Branch[]>): fc.Arbitrary<Branch[]> =>
  fc.uniqueArray(
    fc
      .record({
        by: fc.integer({ min: 1, max: 4 }),
        hash: fc.integer({ min: 0, max: 255 }),
        removes: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 1 }),
        witnesses: fc.integer({ min: 0, max: 3 }),
        children: below,
      })
      .map((shape) => epoch(`${shape.hash}`, shape)),
    { maxLength: 4, selector: ({ name }) => name },
  )

describe("the rule for forks", () => {
  it("follows the only branch there is", () => {
    expect(chosen(fork(epoch("a", { children: [epoch("b")] })))).toEqual(["root a b", "only_branch"])
  })

  it("takes the branch with more commits", () => {
    const longer = epoch("b", { by: BOB, children: [epoch("bb")] })
    expect(chosen(fork(epoch("a"), longer))).toEqual(["root b bb", "depth"])
  })

  it("counts a quorum of people heard as one more commit, and prefers it where both weigh the same", () => {
    const heard = epoch("b", { by: BOB, witnesses: 2 })
    expect(chosen(fork(epoch("a"), heard))).toEqual(["root b", "depth"])
    expect(chosen(fork(epoch("a", { children: [epoch("aa")] }), heard))).toEqual(["root b", "quorum"])
  })

  it("lets no number of people outweigh two commits more", () => {
    const long = epoch("a", { children: [epoch("aa", { children: [epoch("aaa")] })] })
    expect(chosen(fork(long, epoch("b", { witnesses: 200 })))).toEqual(["root a aa aaa", "depth"])
  })

  it("does not count people below the quorum", () => {
    expect(chosen(fork(epoch("a"), epoch("b", { by: BOB, witnesses: 1 })))).toEqual(["root a", "committer"])
  })

  it("takes the branch of the smaller committer, then the smaller commit", () => {
    expect(chosen(fork(epoch("b", { by: BOB }), epoch("a")))).toEqual(["root a", "committer"])
    expect(chosen(fork(epoch("second", { hash: 2 }), epoch("first", { hash: 1 })))).toEqual([
      "root first",
      "commit_hash",
    ])
  })

  it("does not let somebody undo their own removal by a longer branch", () => {
    const undoing = epoch("a", { by: ALICE, children: [epoch("aa", { by: ALICE })] })
    expect(chosen(fork(undoing, epoch("b", { by: BOB, removes: [ALICE] })))).toEqual(["root b", "removed_author"])
  })

  it("does not let a device undo its removal whose person stays", () => {
    const stolen = 9
    const more = epoch("bbb", { by: BOB, device: stolen, children: [epoch("bbbb", { by: BOB, device: stolen })] })
    const undoing = epoch("b", {
      by: BOB,
      device: stolen,
      children: [epoch("bb", { by: BOB, device: stolen, children: [more] })],
    })
    const removal = epoch("a", { by: BOB, device: BOB, removes: [stolen] })
    expect(chosen(fork(undoing, removal))).toEqual(["root a", "removed_author"])
  })

  it("counts a removal further down its branch", () => {
    const undoing = epoch("a", { children: [epoch("aa", { children: [epoch("aaa")] })] })
    const honest = epoch("c", { by: CAROL, children: [epoch("cc", { by: BOB, removes: [ALICE] })] })
    expect(chosen(fork(undoing, honest))).toEqual(["root c cc", "removed_author"])
  })

  it("does not let somebody undo their own removal on top of what others did", () => {
    const carols = epoch("bb", { by: CAROL, witnesses: 2, children: [epoch("bbb", { by: CAROL })] })
    const removal = epoch("a", { by: ALICE, removes: [CAROL] })
    expect(chosen(fork(epoch("b", { by: BOB, children: [carols] }), removal))).toEqual(["root a", "committer"])
    const longer = { ...removal, children: [epoch("aa", { by: BOB })] }
    expect(chosen(fork(epoch("b", { by: BOB, children: [carols] }), longer))).toEqual(["root a aa", "removed_author"])
  })

  it("counts what others did before, and follows their branch to its end where that is more", () => {
    const carols = epoch("bbb", { by: CAROL })
    const bobs = epoch("b", { by: BOB, children: [epoch("bb", { by: BOB, children: [carols] })] })
    expect(chosen(fork(bobs, epoch("a", { removes: [CAROL] })))).toEqual(["root b bb bbb", "depth"])
  })

  it("does not hear whom another side removes, but those of whom a device stays", () => {
    const heard = epoch("b", { by: BOB, witnesses: [BOB, CAROL] })
    expect(chosen(fork(heard, epoch("a", { removes: [CAROL] })))).toEqual(["root a", "committer"])
    expect(chosen(fork(heard, epoch("a", { removes: [9], expels: [] })))).toEqual(["root b", "depth"])
    const hers = epoch("c", { by: CAROL, removes: [ALICE], witnesses: [BOB, CAROL] })
    expect(chosen(fork(hers, epoch("a", { removes: [CAROL] })))).toEqual(["root c", "depth"])
  })

  it("decides between two who remove each other as between any others", () => {
    const a = epoch("a", { by: ALICE, removes: [BOB] })
    expect(chosen(fork(epoch("b", { by: BOB, removes: [ALICE] }), a))).toEqual(["root a", "committer"])
  })

  it("holds no removal against somebody who removes its author, wherever on their branch", () => {
    const carols = epoch("bb", { by: CAROL, removes: [ALICE] })
    const removal = epoch("a", { by: ALICE, removes: [CAROL] })
    expect(chosen(fork(epoch("b", { by: BOB, children: [carols] }), removal))).toEqual(["root b bb", "depth"])
  })

  it("leaves all sides in where each is undone by another", () => {
    const sides = [
      epoch("a", { by: ALICE, removes: [BOB] }),
      epoch("b", { by: BOB, removes: [CAROL] }),
      epoch("c", { by: CAROL, removes: [ALICE] }),
    ]
    expect(chosen(fork(...sides))).toEqual(["root a", "committer"])
  })

  it("decides a fork by what grew below it alone", () => {
    const inner = [epoch("x", { by: BOB }), epoch("y", { by: ALICE })]
    const below = epoch("a", { witnesses: 2, children: inner })
    expect(chosen(below)).toEqual(["a y", "committer"])
    expect(chosen(fork(epoch("b", { by: BOB }), below))).toEqual(["root a y", "depth"])
  })

  it("does not depend on the order in which commits came", () => {
    fc.assert(
      fc.property(level(level(level(fc.constant([])))), (children) => {
        expect(chosen(reversed(fork(...children)))).toEqual(chosen(fork(...children)))
      }),
    )
  })
})

const reversed = (branch: Branch): Branch => ({ ...branch, children: branch.children.toReversed().map(reversed) })

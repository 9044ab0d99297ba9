import { describe, expect, it } from "vitest"
import { decodeMlsMessage } from "./mls-message.ts"
import { Party } from "./testing/party.ts"

/** Ciphertexts in the path that a member would send now. */
function sealedBy(party: Party, name: string): number {
  const { commit, staged } = party.stage(name, { wireFormat: "public", forcePath: true })
  party.group(name).clear(staged)
  const message = decodeMlsMessage(commit)
  if (message.kind !== "public_message" || message.message.content.body.kind !== "commit") throw new Error("no commit")
  const { path } = message.message.content.body.commit
  return (path?.nodes ?? []).reduce((sum, { encryptedPathSecret }) => sum + encryptedPathSecret.length, 0)
}

/** What everybody believes, and what their commits really hold. */
function costs(party: Party) {
  const believed = party.names.map((name) => party.group(name).commitCost())
  const sealed = party.names.map((name) => sealedBy(party, name))
  return { own: believed.map(({ own }) => own), worst: new Set(believed.map(({ worst }) => worst)), sealed }
}

const names = ["a", "b", "c", "d", "e", "f", "g", "h"]
const firstOf = (party: Party) => party.group("a").commitCost()

describe("the cost of a commit", () => {
  it("is the number of keys that a path is sealed to", () => {
    const party = Party.of("cost", names)
    const { own, worst, sealed } = costs(party)
    expect(own).toEqual(sealed)
    expect(worst).toEqual(new Set([Math.max(...sealed)]))
  })

  it.each([
    ["somebody was removed", (party: Party) => party.commit("a", { removes: [5] })],
    ["somebody came", (party: Party) => party.add("a", ["i"])],
    ["two came and one of them spoke up", (party: Party) => [party.add("a", ["i", "j"]), party.commit("j")]],
    ["half of all left", (party: Party) => party.commit("b", { removes: [3, 4, 6, 7] })],
  ])("stays right when %s", (_, change) => {
    const party = Party.of("cost", names)
    for (const name of names) party.commit(name)
    change(party)
    const { own, worst, sealed } = costs(party)
    expect(own).toEqual(sealed)
    expect(worst).toEqual(new Set([Math.max(...sealed)]))
  })

  it("is one for each level once everybody has committed", () => {
    const party = Party.of("cost", names)
    for (const name of names) party.commit(name)
    expect(costs(party)).toEqual({ own: names.map(() => 3), worst: new Set([3]), sealed: names.map(() => 3) })
    expect(firstOf(party).reachAbove).toEqual([1, 1, 1])
  })

  it("says where it comes from: a commit makes it 1 above the committer, a newcomer one more above the newcomer", () => {
    const party = Party.of("cost", names)
    expect(party.group("e").commitCost().reachAbove).toEqual([2, 4, 8])
    party.commit("e")
    expect(party.group("e").commitCost().reachAbove).toEqual([1, 1, 1])
    expect(party.group("g").commitCost().reachAbove).toEqual([2, 1, 1])
    party.commit("e", { removes: [7] })
    party.add("a", ["i"])
    expect(party.group("g").commitCost().reachAbove).toEqual([2, 2, 2])
  })

  it("is nothing for whoever is alone", () => {
    expect(Party.of("cost", ["a"]).group("a").commitCost()).toEqual({ own: 0, worst: 0, reachAbove: [] })
  })
})

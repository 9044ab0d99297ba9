import { describe, expect, it } from "vitest"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)

describe("messages out of order", () => {
  const limits = { outOfOrderGenerations: 5, maxForwardGenerations: 10 }

  it("are all opened within the window, in any order", () => {
    const party = Party.of("any order", ["alice", "bob"], { limits })
    const sent = texts(party, 6)
    expect([5, 0, 3, 1, 4, 2].map((at) => party.hear("bob", sent[at] ?? NO_DATA))).toEqual(
      [5, 0, 3, 1, 4, 2].map((at) => `text ${at}`),
    )
  })

  it("are refused behind the window, whose keys are deleted", () => {
    const party = Party.of("behind", ["alice", "bob"], { limits })
    const sent = texts(party, 7)
    expect([6, 0, 1].map((at) => party.hear("bob", sent[at] ?? NO_DATA))).toEqual(["text 6", "key_consumed", "text 1"])
  })

  it("are refused too far ahead, at no cost, and do not move the window", () => {
    const party = Party.of("ahead", ["alice", "bob"], { limits })
    const sent = texts(party, 13)
    expect([11, 10, 12].map((at) => party.hear("bob", sent[at] ?? NO_DATA))).toEqual([
      "generation_too_far",
      "text 10",
      "text 12",
    ])
  })

  it("survive restarts of the receiver in between", () => {
    const party = Party.of("restarts", ["alice", "bob"], { limits })
    const sent = texts(party, 5)
    const heard = [4, 1, 1, 3, 0].map((at) => {
      party.restart("bob")
      return party.hear("bob", sent[at] ?? NO_DATA)
    })
    expect(heard).toEqual(["text 4", "text 1", "key_consumed", "text 3", "text 0"])
  })
})

function texts(party: Party, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => party.say("alice", `text ${at}`))
}

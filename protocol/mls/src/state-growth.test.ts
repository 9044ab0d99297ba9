import { suite0001 as suite } from "@qpc/crypto/node"
import { beforeAll, describe, expect, it } from "vitest"
import { Party } from "./testing/party.ts"
import { RecordStore } from "@qpc/wire/conformance"
import type { Written } from "@qpc/wire/conformance"

/** Alice's group of so many, three of whom are awake, and what she has stored. */
function largeGroup(memberCount: number): { readonly party: Party; readonly store: RecordStore } {
  const party = new Party(`growth ${memberCount}`, {}, suite)
  party.create("alice")
  const others = Array.from({ length: memberCount - 1 }, (_, at) => party.keyPackage(`member ${at}`))
  const { welcome } = party.commit("alice", { adds: others.map(({ keyPackage }) => keyPackage), forcePath: true })
  const awake = [0, memberCount - 2].filter((at, index, all) => all.indexOf(at) === index)
  for (const at of awake) party.join(`member ${at}`, { welcome: welcome!, bundles: [others[at]!] })
  const store = new RecordStore()
  store.write(party.group("alice"))
  return { party, store }
}

/** What each kind of event makes alice write. */
function writtenBy(memberCount: number): Record<string, Written> {
  const { party, store } = largeGroup(memberCount)
  const bob = `member ${memberCount - 2}`
  const alice = party.group("alice")
  const after = (event: () => void): Written => {
    event()
    return store.write(alice)
  }
  return {
    "first message received from a sender": after(() => party.hear("alice", party.say(bob, "first"))),
    "message received in order": after(() => party.hear("alice", party.say(bob, "second"))),
    "first message sent": after(() => party.say("alice", "first")),
    "message sent": after(() => party.say("alice", "second")),
    "commit staged": after(() => party.stage("alice")),
    "commit cleared": after(() => alice.clear(alice.pendingCommit!)),
    "commit received": after(() => party.commit(bob)),
    "own commit merged": after(() => party.commit("alice")),
    "member added": after(() => party.commit("alice", { adds: [party.keyPackage("zoe").keyPackage] })),
  }
}

/** Bytes for each doubling of the group, and bytes in any case. */
const LAW: readonly (readonly [event: string, perLevel: number, constant: number])[] = [
  ["first message received from a sender", 64, 225],
  ["message received in order", 0, 135],
  ["first message sent", 64, 155],
  ["message sent", 0, 135],
  ["commit staged", 120, 850],
  ["commit cleared", 0, 30],
  ["commit received", 125, 1000],
  ["own commit merged", 190, 1100],
  ["member added", 110, 1150],
]

describe("what is written of a state", () => {
  let written: readonly { readonly memberCount: number; readonly events: Record<string, Written> }[]
  // Not while the file is loaded: a run that wants other tests of it would wait for this too.
  beforeAll(() => {
    written = [2, 16, 128, 1024].map((memberCount) => ({ memberCount, events: writtenBy(memberCount) }))
  })

  it.each(LAW)("for a %s grows with the levels of the tree, not with the members", (event, perLevel, constant) => {
    for (const { memberCount, events } of written) {
      const levels = Math.log2(memberCount)
      const { puts, putBytes } = events[event]!
      expect([memberCount, putBytes <= perLevel * levels + constant, putBytes]).toEqual([memberCount, true, putBytes])
      expect(puts).toBeLessThanOrEqual(2 * levels + 10)
    }
  })
})

describe("what is written of an epoch", () => {
  it("is taken back in the end: nothing stays behind but its resumption PSK", () => {
    const { party, store } = largeGroup(16)
    party.say("alice", "one")
    party.hear("alice", party.say("member 0", "two"))
    store.write(party.group("alice"))
    for (let epochs = 0; epochs < 4; epochs++) {
      party.commit("member 14")
      store.write(party.group("alice"))
    }
    const epoch = "0000000000000001"
    expect(
      store
        .records()
        .filter(({ key }) => key.includes(epoch))
        .map(({ key }) => key),
    ).toEqual([`resumption/${epoch}`])
  })
})

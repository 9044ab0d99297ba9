import { expectNonceReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { invalidCommit } from "./invalid-commit.ts"
import type { ChecklistItem } from "./item.ts"
import { CHECKLIST, playOverQuic, playSimulated } from "./run-checklist.ts"
import type { ChecklistResult } from "./run-checklist.ts"

/** Three members of gbp/1 send in the one item; the risk of that is what the item accepts by name. */
async function watched(item: ChecklistItem, play: () => Promise<ChecklistResult>): Promise<ChecklistResult> {
  if (item !== invalidCommit) return await play()
  return await expectNonceReuse("members of gbp/1 share keys and nonces", play)
}

describe.each(CHECKLIST.map((item) => ({ item })))("item $item.number, $item.title", ({ item }) => {
  it.each([1, 2, 3])("holds over a network that loses and delays, seed %d", async (seed) => {
    const { failure } = await watched(item, async () => await playSimulated(item, seed))
    expect(failure).toBeUndefined()
  })

  it("holds over QUIC", async () => {
    const { failure } = await watched(item, async () => await playOverQuic(item, Date.now()))
    expect(failure).toBeUndefined()
  })
})

describe("the checklist", () => {
  it("numbers its items as the interoperability profile does", () => {
    expect(CHECKLIST.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it("says what is wrong where something is", async () => {
    const broken: ChecklistItem = {
      number: 5,
      title: "broken on purpose",
      run: async (stage) => {
        const [alice, bob] = await stage.trio()
        const { wire } = alice.gtp.send(alice.node, alice.mls, 0, 1n, "hi")
        await stage.checkTalk(alice, bob)
        await stage.ready(alice, bob, 1, wire)
      },
    }
    expect((await playSimulated(broken, 1)).failure).toBe("expected: bob takes PREPARE 1, not nothing")
  })
})

import type { Conversation, DamagedRange, StoredMessage } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { damagedAmong, damagedBetween } from "./damaged-messages.ts"

const at = (position: number): StoredMessage => ({ position }) as StoredMessage

/** A group of which the messages at these positions are damaged. */
function groupWith(damaged: readonly number[]): Conversation {
  const damagedMessages = async ({ after = 0, before = Infinity }: DamagedRange = {}): Promise<readonly number[]> =>
    damaged.filter((position) => position > after && position < before)
  return { id: new Uint8Array(16), name: "friends", damagedMessages } as unknown as Conversation
}

describe("damaged messages among those that are shown", () => {
  it("are all of them where the whole history is shown, though the oldest is damaged", async () => {
    expect(await damagedAmong(groupWith([1, 3, 5]), [at(2), at(4)], 50)).toEqual([1, 3, 5])
  })

  it("are those behind the first that is shown, where there are older ones", async () => {
    expect(await damagedAmong(groupWith([1, 3, 5]), [at(2), at(4)], 2)).toEqual([3, 5])
  })

  it("are counted between the first and the last of what is new", async () => {
    const told = await damagedBetween(groupWith([1, 3, 5]), { first: at(2), last: at(4) })
    expect(told).toBe("1 message of friends cannot be read: what is stored is damaged. What to do: qpc doctor")
    expect(await damagedBetween(groupWith([1]), { first: at(2), last: at(4) })).toBeUndefined()
  })
})

import type { Conversation, DamagedRange, StoredMessage } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { damagedAmong, markShown } from "./damaged-messages.ts"

const at = (position: number): StoredMessage => ({ position }) as StoredMessage

/** A group of which the messages at these positions are damaged, and these can be read. */
function groupWith(damaged: readonly number[], readable: readonly number[] = []) {
  let read = 0
  const damagedMessages = async ({ after = 0, before = Infinity }: DamagedRange = {}): Promise<readonly number[]> =>
    damaged.filter((position) => position > (after === "read" ? read : after) && position < before)
  const unread = async (): Promise<readonly StoredMessage[]> =>
    readable.filter((position) => position > read).map((position) => at(position))
  const markRead = async (position: number): Promise<void> => void (read = Math.max(read, position))
  const group = { id: new Uint8Array(16), name: "friends", damagedMessages, unread, markRead }
  return group as unknown as Conversation
}

describe("damaged messages among those that are shown", () => {
  it("are all of them where the whole history is shown, though the oldest is damaged", async () => {
    expect(await damagedAmong(groupWith([1, 3, 5]), [at(2), at(4)], 50)).toEqual([1, 3, 5])
  })

  it("are those behind the first that is shown, where there are older ones", async () => {
    expect(await damagedAmong(groupWith([1, 3, 5]), [at(2), at(4)], 2)).toEqual([3, 5])
  })
})

const told = (count: string): string =>
  `${count} of friends cannot be read: what is stored is damaged. What to do: qpc doctor`

describe("damaged messages among new ones", () => {
  it("are told once, in front of the first, between them, and behind the last", async () => {
    const group = groupWith([1, 3, 5], [2, 4])
    expect(await markShown(group, at(4))).toBe(told("3 messages"))
    expect(await markShown(group, undefined)).toBeUndefined()
  })

  it("are told though no other is new", async () => {
    const group = groupWith([1])
    expect(await markShown(group, undefined)).toBe(told("1 message"))
    expect(await markShown(group, undefined)).toBeUndefined()
  })

  it("are told with the page that they stand in", async () => {
    const group = groupWith([1, 3, 5], [2, 4, 6])
    expect(await markShown(group, at(2))).toBe(told("1 message"))
    expect(await group.unread()).toEqual([at(4), at(6)])
    expect(await markShown(group, at(6))).toBe(told("2 messages"))
  })
})

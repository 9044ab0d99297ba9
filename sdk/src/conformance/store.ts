import { describe, expect, it } from "vitest"
import { put, remove } from "../store.ts"
import type { Row, Store } from "../store.ts"

/** Opens a store; with the same `place` it is the same store again. Returns a fresh place for `undefined`. */
export type OpenStore = (place?: unknown) => Promise<{ readonly store: Store; readonly place: unknown }>

const key = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)
const keysOf = (rows: readonly Row[]): number[][] => rows.map((row) => [...row.key])

/** The behaviours that every implementation of `Store` shows. */
export function testStore(name: string, open: OpenStore): void {
  describe(`${name} keeps what it was given`, () => testKeeping(open))
  describe(`${name} keeps to itself`, () => testEnding(open))
  describe(`${name} lists`, () => testListing(open))
}

function testKeeping(open: OpenStore): void {
  it("reads back what it committed, also when opened again", async () => {
    const { store, place } = await open()
    await store.commit([put("settings", key(1), key(7, 8)), put("members", key(1), key(9))])
    expect(await store.get("settings", key(1))).toEqual(key(7, 8))
    await store.close()
    await using again = (await open(place)).store
    expect(await again.get("settings", key(1))).toEqual(key(7, 8))
    expect(await again.get("members", key(1))).toEqual(key(9))
  })

  it("knows nothing under a key that was deleted or never written", async () => {
    await using store = (await open()).store
    await store.commit([put("settings", key(1), key(1))])
    await store.commit([remove("settings", key(1)), remove("settings", key(2))])
    expect(await store.get("settings", key(1))).toBeUndefined()
    expect(await store.get("settings", key(2))).toBeUndefined()
  })

  it("applies the changes of one commit in their order", async () => {
    await using store = (await open()).store
    await store.commit([put("outbox", key(1), key(1)), remove("outbox", key(1)), put("outbox", key(1), key(2))])
    expect(await store.get("outbox", key(1))).toEqual(key(2))
  })

  it("replaces all that has a prefix in one commit, and touches nothing beside it", async () => {
    const { store, place } = await open()
    const [ours, beside] = [
      [1, 2],
      [1, 3],
    ]
    const before = Array.from({ length: 300 }, (_, at) => put("group_records", key(...ours, at >> 8, at & 255), key(1)))
    await store.commit([...before, put("group_records", key(...beside), key(9))])
    const after = [put("group_records", key(...ours, 0, 7), key(2)), put("group_records", key(...ours, 9), key(3))]
    await store.commit([...before.map((change) => remove("group_records", change.key)), ...after])
    await store.close()
    await using again = (await open(place)).store
    expect(await again.list("group_records")).toEqual([
      { key: key(...ours, 0, 7), value: key(2) },
      { key: key(...ours, 9), value: key(3) },
      { key: key(...beside), value: key(9) },
    ])
  })

  it("keeps nothing of a commit that it refuses", async () => {
    await using store = (await open()).store
    const tooLong = new Uint8Array(513)
    await expect(store.commit([put("outbox", key(1), key(1)), put("outbox", tooLong, key(1))])).rejects.toThrow(
      RangeError,
    )
    expect(await store.list("outbox")).toEqual([])
  })
}

function testEnding(open: OpenStore): void {
  it("is not changed by what the caller does to its bytes afterwards", async () => {
    await using store = (await open()).store
    const value = key(1)
    await store.commit([put("outbox", key(1), value)])
    value[0] = 2
    const read = await store.get("outbox", key(1))
    read![0] = 3
    expect(await store.get("outbox", key(1))).toEqual(key(1))
  })

  it("refuses everything once closed, and closes twice without complaint", async () => {
    const { store } = await open()
    await store.close()
    await store.close()
    await expect(store.get("settings", key(1))).rejects.toMatchObject({ code: "store_closed" })
    await expect(store.commit([put("settings", key(1), key(1))])).rejects.toMatchObject({ code: "store_closed" })
  })
}

function testListing(open: OpenStore): void {
  async function filled(): Promise<Store> {
    const { store } = await open()
    const keys = [key(2), key(1, 255, 255), key(1), key(255, 255), key(1, 0), key(255), key(1, 255)]
    await store.commit(keys.map((k) => put("messages", k, k)))
    return store
  }

  it("goes through a collection in the order of its keys", async () => {
    await using store = await filled()
    const inOrder = [[1], [1, 0], [1, 255], [1, 255, 255], [2], [255], [255, 255]]
    expect(keysOf(await store.list("messages"))).toEqual(inOrder)
    expect(keysOf(await store.list("messages", { descending: true }))).toEqual(inOrder.toReversed())
    expect(await store.list("notices")).toEqual([])
  })

  it("keeps to a prefix, also where nothing could come behind it", async () => {
    await using store = await filled()
    expect(keysOf(await store.list("messages", { prefix: key(1) }))).toEqual([[1], [1, 0], [1, 255], [1, 255, 255]])
    expect(keysOf(await store.list("messages", { prefix: key(1, 255) }))).toEqual([
      [1, 255],
      [1, 255, 255],
    ])
    expect(keysOf(await store.list("messages", { prefix: key(255) }))).toEqual([[255], [255, 255]])
  })

  it("leaves out the ends of an open range", async () => {
    await using store = await filled()
    expect(keysOf(await store.list("messages", { after: key(1, 255), before: key(255) }))).toEqual([[1, 255, 255], [2]])
    expect(keysOf(await store.list("messages", { prefix: key(1), after: key(0), before: key(1, 255) }))).toEqual([
      [1],
      [1, 0],
    ])
    expect(keysOf(await store.list("messages", { prefix: key(1), before: key(1) }))).toEqual([])
  })

  it("stops at the limit, from either end", async () => {
    await using store = await filled()
    expect(keysOf(await store.list("messages", { limit: 2 }))).toEqual([[1], [1, 0]])
    expect(keysOf(await store.list("messages", { limit: 1, descending: true }))).toEqual([[255, 255]])
  })
}

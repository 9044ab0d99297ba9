import type { Extension } from "@qpc/mls"
import { concatBytes, toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { GROUP_ORIGIN_EXTENSION, originOf, withOrigin } from "./group-origin.ts"

const groupId = toGroupId(new Uint8Array(16).fill(1))
const another = new Uint8Array(16).fill(2)
const extensionOf = (epochsBefore: bigint): Uint8Array => withOrigin([], { groupId, epochsBefore })[0]!.extensionData
const origin = (extensionData: Uint8Array): unknown =>
  originOf({ groupId: another, extensions: [{ extensionType: GROUP_ORIGIN_EXTENSION, extensionData }] })

describe("where a group goes on from", () => {
  it("is read back", () => {
    const epochsBefore = 2n ** 52n - 1n
    expect(origin(extensionOf(epochsBefore))).toEqual({ groupId, epochsBefore })
  })

  it("is the group itself where nothing is said", () => {
    expect(originOf({ groupId: another, extensions: [] })).toEqual({ groupId: another, epochsBefore: 0n })
    expect(originOf({ groupId: another.subarray(1), extensions: [] })).toBeUndefined()
  })

  it.each<[string, Uint8Array]>([
    ["more epochs than a delivery service counts", extensionOf(2n ** 52n)],
    ["another version", concatBytes(Uint8Array.of(2), extensionOf(1n).subarray(1))],
    ["bytes behind it", concatBytes(extensionOf(1n), Uint8Array.of(0))],
    ["bytes missing", extensionOf(1n).subarray(0, -1)],
    ["nothing", new Uint8Array(0)],
  ])("is not believed with %s", (_what, extensionData) => {
    expect(origin(extensionData)).toBeUndefined()
  })

  it("is said once, and leaves other extensions as they are", () => {
    const other: Extension = { extensionType: 5, extensionData: another }
    const first = withOrigin([other], { groupId, epochsBefore: 1n })
    const second = withOrigin(first, { groupId, epochsBefore: 2n })
    expect(second).toHaveLength(2)
    expect(second[0]).toEqual(other)
    expect(originOf({ groupId: another, extensions: second })).toEqual({ groupId, epochsBefore: 2n })
  })
})

import { concatBytes, decodeWhole, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { makeGroupContext, ownedGroupContext, readGroupContext, writeGroupContext } from "./group-context.ts"

const content = {
  cipherSuite: 3,
  groupId: Uint8Array.of(7, 8),
  epoch: 258n,
  treeHash: Uint8Array.of(9),
  confirmedTranscriptHash: Uint8Array.of(10),
  extensions: [{ extensionType: 0xf001, extensionData: Uint8Array.of(11) }],
}
const bytes = [0, 1, 0, 3, 2, 7, 8, 0, 0, 0, 0, 0, 0, 1, 2, 1, 9, 1, 10, 4, 0xf0, 1, 1, 11]
const encoded = Uint8Array.from(bytes)

describe("a group context", () => {
  it("is laid out as RFC 9420 §8.1 says, and read back", () => {
    const context = makeGroupContext(content)
    expect(context).toEqual({ ...content, encoded })
    expect(decodeWhole(encoded, readGroupContext)).toEqual(context)
    expect(encode((writer) => writeGroupContext(writer, context))).toEqual(encoded)
  })

  it("is of no other version than mls10", () => {
    const refused = expect.objectContaining({ code: "reserved_value", offset: 0 })
    for (const version of [0, 2]) expect(() => decodeWhole(encoded.with(1, version), readGroupContext)).toThrow(refused)
  })

  it("stays what it was when the bytes that it came in are used for something else", () => {
    const lent = concatBytes(encoded)
    const groupId = content.groupId.slice()
    const [owned, made] = [
      ownedGroupContext(decodeWhole(lent, readGroupContext)),
      makeGroupContext({ ...content, groupId }),
    ]
    lent.fill(0)
    groupId.fill(0)
    expect([owned, made]).toEqual([
      { ...content, encoded },
      { ...content, encoded },
    ])
  })
})

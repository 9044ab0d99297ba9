import { concatBytes, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeCommit, encodeCommit } from "./commit.ts"
import { encodeProposal } from "./proposal.ts"
import { treeCodecs } from "./testing/tree-codecs.ts"
import { decodeUpdatePath } from "./update-path.ts"

const pathBytes = treeCodecs().codecs["update path"]!.valid
const path = decodeUpdatePath(pathBytes)
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

describe("a commit", () => {
  const remove = { kind: "remove", removed: 258 } as const
  const items = [
    { kind: "proposal", proposal: remove },
    { kind: "reference", reference: bytes(7, 8) },
  ] as const
  const list = encode((writer) => writer.vector(concatBytes(bytes(1), encodeProposal(remove), bytes(2, 2, 7, 8))))

  it.each([
    ["a path", path, concatBytes(bytes(1), pathBytes)],
    ["none", undefined, bytes(0)],
  ])("is laid out as RFC 9420 §12.4 says, and read back: with %s", (_, withPath, rest) => {
    const commit = { proposals: items, path: withPath }
    expect(encodeCommit(commit)).toEqual(concatBytes(list, rest))
    expect(decodeCommit(concatBytes(list, rest))).toEqual(commit)
  })

  it("has proposals in full or by reference", () => {
    const refused = expect.objectContaining({ code: "reserved_value", offset: 0 })
    for (const kind of [0, 3]) expect(() => decodeCommit(bytes(3, kind, 1, 7, 0))).toThrow(refused)
  })
})

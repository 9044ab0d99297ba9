import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeProposal, encodeProposal, isDefaultProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"
import { treeCodecs } from "./testing/tree-codecs.ts"

const { leafNode, keyPackage } = treeCodecs()
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)
const extensions = [{ extensionType: 0xf001, extensionData: bytes(9) }]
const id = { kind: "external", pskId: bytes(7), pskNonce: bytes(8) } as const
const reinit = { kind: "reinit", groupId: bytes(7), version: 1, cipherSuite: suite.id, extensions } as const

const proposals: readonly (readonly [Proposal, Uint8Array])[] = [
  [{ kind: "add", keyPackage }, concatBytes(bytes(0, 1), keyPackage.encoded)],
  [{ kind: "update", leafNode }, concatBytes(bytes(0, 2), leafNode.encoded)],
  [{ kind: "remove", removed: 258 }, bytes(0, 3, 0, 0, 1, 2)],
  [{ kind: "psk", id }, bytes(0, 4, 1, 1, 7, 1, 8)],
  [reinit, bytes(0, 5, 1, 7, 0, 1, 0, 1, 4, 0xf0, 1, 1, 9)],
  [{ kind: "external_init", kemOutput: bytes(7, 8) }, bytes(0, 6, 2, 7, 8)],
  [{ kind: "group_context_extensions", extensions }, bytes(0, 7, 4, 0xf0, 1, 1, 9)],
  [{ kind: "custom", type: 8, body: bytes(7) }, bytes(0, 8, 1, 7)],
]

describe("a proposal", () => {
  it.each(proposals)("is laid out as RFC 9420 §12.1 says, and read back: $kind", (proposal, encoded) => {
    expect(encodeProposal(proposal)).toEqual(encoded)
    expect(decodeProposal(encoded)).toEqual(proposal)
  })

  it("has no type 0", () => {
    const refused = expect.objectContaining({ code: "reserved_value", offset: 0 })
    expect(() => decodeProposal(bytes(0, 0, 0))).toThrow(refused)
  })

  it.each([0, 1, 7])("is not written as a custom one of type %d, which would read back as another", (type) => {
    const custom = { kind: "custom", type, body: bytes() } as const
    expect(() => encodeProposal(custom)).toThrow(new RangeError(`proposal type ${type} is not custom`))
  })

  it("is of a default type from 1 to 7 (RFC 9420 §7.2)", () => {
    expect([0, 1, 4, 7, 8].map(isDefaultProposal)).toEqual([false, true, true, true, false])
  })
})

import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { drawGrease, GREASE_VALUES, withGrease } from "./grease.ts"
import type { Extension } from "./extension.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { proposeExternally } from "./propose-from-outside.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { leafOf } from "./testing/insider.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const [A, B] = [0x0a0a, 0x1a1a]

const isGrease = (type: number): boolean => GREASE_VALUES.includes(type)
const draw = (seed: string): string => {
  const random = countedRandom(suite, seed)
  return JSON.stringify([1, 2, 3, 4].map(() => drawGrease(random, "everywhere")))
}
const greaseIn = (extensions: readonly Extension[]): number[] =>
  extensions.map(({ extensionType }) => extensionType).filter(isGrease)

describe("values that nobody knows", () => {
  it("are ignored wherever GREASE may stand: in capabilities and in the extensions of key packages and leaves", () => {
    const party = Party.of("grease", ["alice", "bob"])
    const unknown = { extensionType: B, extensionData: Uint8Array.of(1, 2, 3) }
    const lists = { cipherSuites: [A], extensions: [A, B], proposals: [A], credentials: [A] }
    const bundle = party.keyPackage("carol", {
      extensions: [unknown],
      leafExtensions: [unknown],
      capabilities: lists,
    })
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    party.join("carol", { welcome, bundles: [bundle] })
    expect(party.hear("carol", party.say("bob", "hello"))).toBe("hello")
    party.commit("carol")
    expect(party.group("bob").epochAuthenticator()).toEqual(party.group("carol").epochAuthenticator())
  })
})

describe("GREASE of ours", () => {
  const party = Party.of("greased", ["alice", "bob"])

  it("stands in each list of capabilities that may hold it, and its extensions are among them", () => {
    for (const { capabilities, extensions } of [leafOf(party, "alice"), party.keyPackage("carol").decoded.leafNode]) {
      const { versions, cipherSuites, proposals, credentials } = capabilities
      expect([cipherSuites, proposals, credentials].map((list) => list.filter(isGrease).length)).toEqual([1, 1, 1])
      expect(versions.filter(isGrease)).toEqual([])
      expect(greaseIn(extensions)).toHaveLength(1)
      expect(capabilities.extensions).toEqual(expect.arrayContaining(greaseIn(extensions)))
    }
    const { decoded } = party.keyPackage("dave")
    expect(greaseIn(decoded.extensions)).toHaveLength(1)
    expect(decoded.leafNode.capabilities.extensions).toEqual(expect.arrayContaining(greaseIn(decoded.extensions)))
  })

  it("stands in a GroupInfo, and not in what all members have to understand", () => {
    const message = decodeMlsMessage(party.group("alice").groupInfo({ random: party.random }).groupInfo)
    if (message.kind !== "group_info") throw new Error(message.kind)
    expect(greaseIn(message.message.extensions)).toHaveLength(1)
    expect(greaseIn(message.message.groupContext.extensions)).toEqual([])
  })

  it("differs from one key package to the next, and repeats with the randomness", () => {
    expect(draw("one")).toBe(draw("one"))
    expect(new Set(["one", "two", "three"].map(draw)).size).toBe(3)
  })

  it("is made of the values that RFC 9420 reserves, whatever was drawn", () => {
    for (let byte = 0; byte < 256; byte++) {
      const grease = drawGrease((lengthBytes) => new Uint8Array(lengthBytes).fill(byte), "everywhere")
      expect([grease?.cipherSuite, grease?.leafExtension?.extensionType].map((type) => isGrease(type ?? 0))).toEqual([
        true,
        true,
      ])
    }
    expect(GREASE_VALUES).toHaveLength(15)
    expect([GREASE_VALUES[0], GREASE_VALUES.at(-1)]).toEqual([0x0a0a, 0xeaea])
  })

  it("is kept out of what all members have to support, however it is asked for", () => {
    const extensions = [{ extensionType: A, extensionData: NO_DATA }]
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    expect(() => Party.of("greased group", ["alice"], { extensions })).toThrow(RangeError)
    expect(() => party.stage("alice", { extensions })).toThrow(RangeError)
    const successor = { groupId: NO_DATA, version: 1, cipherSuite: 1, extensions }
    expect(() => party.stage("alice", { reinit: successor })).toThrow(RangeError)
    const address = { ...options, suite: party.suite, groupId: NO_DATA, epoch: 0n, senderIndex: 0 }
    const outside = { ...address, signatureKeys: party.keysOf("server") }
    for (const wanted of [{ kind: "extensions", extensions } as const, { kind: "reinit", ...successor } as const]) {
      expect(() => party.group("alice").propose(wanted, options)).toThrow(RangeError)
      expect(() => proposeExternally(wanted, outside)).toThrow(RangeError)
    }
  })

  it("gives way to an extension of the same type", () => {
    const [ours, drawn] = [1, 2].map((byte) => ({ extensionType: A, extensionData: Uint8Array.of(byte) }))
    expect(withGrease([ours!], drawn)).toEqual([ours])
  })

  it("stays out of extensions unless it is asked for: OpenMLS refuses it there", () => {
    const { decoded } = party.keyPackage("erin", { grease: "capabilities" })
    expect([...decoded.extensions, ...decoded.leafNode.extensions]).toEqual([])
    const { cipherSuites, extensions, proposals, credentials } = decoded.leafNode.capabilities
    const lists = [cipherSuites, extensions, proposals, credentials]
    expect(lists.map((list) => list.filter(isGrease).length)).toEqual([1, 1, 1, 1])
  })

  it("can be left out", () => {
    const { decoded } = party.keyPackage("erin", { grease: "none" })
    expect(decoded.extensions).toEqual([])
    expect(decoded.leafNode).toMatchObject({
      extensions: [],
      capabilities: { cipherSuites: [1], extensions: [], proposals: [], credentials: [1] },
    })
  })
})

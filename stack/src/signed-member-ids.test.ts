import { nodeRandom as random, suite0001 as suite } from "@qpc/crypto/node"
import { Group } from "@qpc/mls"
import type { Extension, Member, MergeReport } from "@qpc/mls"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MlsContext } from "./index.ts"
import { keyPackageMessage } from "./key-package-format.ts"
import { MEMBER_ID_EXTENSION, memberIdExtension } from "./member-id-extension.ts"
import { refusalOfCommit, refusalOfSignedIds } from "./signed-member-ids.ts"

const credential = { kind: "basic", identity: toUtf8("somebody") } as const
const leaf = (leafIndex: number, extensions: readonly Extension[]): Member => {
  return { leafIndex, credential, signatureKey: Uint8Array.of(leafIndex), extensions }
}
const signing = (leafIndex: number, memberId: number): Member => leaf(leafIndex, [memberIdExtension(memberId)])
const silent = (leafIndex: number): Member => leaf(leafIndex, [])
const malformed = leaf(3, [{ extensionType: MEMBER_ID_EXTENSION, extensionData: new Uint8Array(1) }])
const report = (change: Partial<MergeReport>) => {
  const nothing = { epoch: 8n, selfRemoved: false, extensions: [], reinit: undefined, custom: [] }
  return { added: [], removed: [], updated: [], ...nothing, ...change }
}

describe("the ids that leaves sign", () => {
  it("are distinct, where they sign any", () => {
    expect(refusalOfSignedIds([signing(0, 1), silent(1), silent(2), signing(3, 4)])).toBeUndefined()
    expect(refusalOfSignedIds([signing(0, 1), signing(1, 1)])).toBe("member_id_taken")
    expect(refusalOfSignedIds([signing(0, 1), malformed])).toBe("member_id_malformed")
  })

  it("stay distinct, and what they are, in a commit", () => {
    const before = [signing(0, 1), signing(1, 2), silent(2)]
    const after = (change: Partial<MergeReport>) => refusalOfCommit(before, report(change))
    expect(after({ added: [signing(3, 3)], updated: [signing(0, 1), silent(2)] })).toBeUndefined()
    expect(after({ added: [signing(3, 2)] })).toBe("member_id_taken")
    expect(after({ added: [signing(1, 2)], removed: [before[1]!] })).toBeUndefined()
    expect(after({ updated: [signing(0, 9)] })).toBe("member_id_changed")
    expect(after({ updated: [silent(0)] })).toBe("member_id_changed")
    expect(after({ updated: [signing(2, 9)] })).toBe("member_id_changed")
  })
})

describe("a member who does not check signed ids", () => {
  const about = { authenticatedData: new Uint8Array(0), random, nowMs: Date.UTC(2026, 0, 1) }
  const unixMs = () => about.nowMs
  /** Mallory, whose leaf signs id 1, lets others into her group. */
  function letIn(...contexts: readonly MlsContext[]) {
    const signatureKeys = suite.signatureKeyPair(random(32))
    const leafExtensions = [memberIdExtension(1)]
    const mallory = Group.create({ suite, groupId: random(16), credential, signatureKeys, leafExtensions, ...about })
    const adds = contexts.map((context) => keyPackageMessage(context.exportKeyPackage()))
    const staged = mallory.stageCommit({ ...about, adds })
    if (staged.kind !== "staged" || staged.welcome === undefined) throw new Error("nobody came in")
    mallory.merge(staged.staged)
    return { mallory, welcome: staged.welcome }
  }

  it("lets nobody into a group in which two leaves sign one id", () => {
    const bob = MlsContext.create("bob", { memberId: 1, unixMs })
    const taken = expect.objectContaining({ code: "bad_welcome", reason: "member_id_taken" })
    expect(() => bob.acceptWelcome(letIn(bob).welcome)).toThrow(taken)
    expect(bob.epoch).toBe(0n)
  })

  it("is not followed where its commit gives an id to a second leaf", () => {
    const [bob, carol] = [MlsContext.create("bob", { unixMs }), MlsContext.create("carol", { memberId: 1, unixMs })]
    const { mallory, welcome } = letIn(bob)
    bob.acceptWelcome(welcome)
    const staged = mallory.stageCommit({ ...about, adds: [keyPackageMessage(carol.exportKeyPackage())] })
    const commit = staged.kind === "staged" ? staged.commit : new Uint8Array(0)
    const taken = expect.objectContaining({ code: "bad_message", reason: "member_id_taken" })
    expect(() => bob.processMessage(commit)).toThrow(taken)
    bob.finalizeCommit()
    expect(bob.epoch).toBe(1n)
  })
})

import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { customTypeOf, requiresPath, withCustomProposals } from "./custom-proposal.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import { policyWith } from "./policy.ts"
import { proposeExternally } from "./propose-from-outside.ts"
import type { Proposal } from "./proposal.ts"
import type { ProposalToSend } from "./propose.ts"
import { sendersExtension } from "./testing/outsiders.ts"
import { outcomeOf, Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const [QUIET, LOUD] = [0xf001, 0xf002]
const body = toUtf8("pin the third message")
const settings = {
  policy: {
    proposals: true,
    customProposals: [
      { type: QUIET, requiresPath: false, fromExternalSenders: true },
      { type: LOUD, requiresPath: true, fromExternalSenders: false },
    ],
  },
  capabilities: { proposals: [QUIET, LOUD] },
}
const types = settings.policy.customProposals
const custom = (type: number): Extract<ProposalToSend, { kind: "custom" }> => ({ kind: "custom", type, body })

function propose(party: Party, by: string, wanted: ProposalToSend): Uint8Array {
  const { random, nowMs } = party
  const proposed = party.group(by).propose(wanted, { authenticatedData: NO_DATA, random, nowMs })
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  return proposed.message
}

describe("a proposal of the application's own", () => {
  it("is shown with its committer before it takes effect, where it was sent by value", () => {
    const party = Party.of("by value", ["alice", "bob"], settings)
    const { commit } = party.stage("alice", { custom: [{ type: QUIET, body }] })
    const received = party.group("bob").receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    const sender = { kind: "member", leafIndex: 0 }
    expect(received.staged.report).toMatchObject({ custom: [{ type: QUIET, body, sender }], updated: [] })
  })

  it("is shown with whoever proposed it, where it was sent by reference", () => {
    const party = Party.of("by reference", ["alice", "bob", "carol"], settings)
    const message = propose(party, "carol", custom(LOUD))
    expect([party.hear("alice", message), party.hear("bob", message)]).toEqual(["proposal", "proposal"])
    const { staged, leftOut } = party.commit("alice")
    expect(staged.report.custom).toEqual([{ type: LOUD, body, sender: { kind: "member", leafIndex: 2 } }])
    expect(leftOut).toEqual([])
    expect(party.group("bob").epochAuthenticator()).toEqual(party.group("carol").epochAuthenticator())
  })

  it("asks for a path only if it was registered so", () => {
    const party = Party.of("paths", ["alice", "bob"], settings)
    const quiet = party.commit("alice", { custom: [{ type: QUIET, body }] }).staged.report
    const both = party.commit("alice", {
      custom: [QUIET, LOUD].map((type) => ({ type, body })),
    }).staged.report
    expect([quiet.updated, both.updated]).toMatchObject([[], [{ leafIndex: 0 }]])
    expect(both.custom.map(({ type }) => type)).toEqual([QUIET, LOUD])
  })

  it("is still shown in an own commit after a restart", () => {
    const party = Party.of("restart", ["alice", "bob"], settings)
    party.stage("alice", { custom: [{ type: QUIET, body }] })
    const { pendingCommit } = party.restart("alice")
    expect(pendingCommit?.report.custom).toEqual([{ type: QUIET, body, sender: { kind: "member", leafIndex: 0 } }])
  })

  it("may come from an external sender only if it was registered so", () => {
    const party = new Party("external senders", settings)
    party.create("alice")
    party.add("alice", ["bob"], { extensions: [sendersExtension(party, "server")] })
    const { suite, groupId, random, nowMs } = party
    const address = { suite, groupId, epoch: party.group("alice").epoch, authenticatedData: NO_DATA, random, nowMs }
    const from = { ...address, senderIndex: 0, signatureKeys: party.keysOf("server") }
    const [quiet, loud] = [QUIET, LOUD].map((type) => proposeExternally(custom(type), from))
    expect(party.hear("alice", loud!)).toBe("content_forbidden")
    expect(party.hear("alice", quiet!)).toBe("proposal")
    expect(party.stage("alice").staged.report.custom).toMatchObject([{ sender: { kind: "external", senderIndex: 0 } }])
  })

  it("is neither made nor taken where it was not registered", () => {
    const party = Party.of("unregistered", ["alice", "bob"], settings)
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const alice = party.group("alice")
    expect(alice.propose(custom(0xf00f), options)).toEqual({ kind: "refused", reason: "proposal_unsupported" })
    const staged = alice.stageCommit({ ...options, custom: [{ type: 0xf00f, body }] })
    expect(staged).toEqual({ kind: "refused", reason: "proposal_unsupported" })
  })

  it("needs the support of everybody who has to follow it, and not of those whom the commit adds or removes", () => {
    const party = Party.of("support", ["alice", "bob"], settings)
    const plain = party.keyPackage("carol", { capabilities: {} })
    const { welcome = NO_DATA } = party.commit("alice", { custom: [{ type: QUIET, body }], adds: [plain.keyPackage] })
    party.join("carol", { welcome, bundles: [plain] })
    const { random, nowMs } = party
    const asked = { authenticatedData: NO_DATA, random, nowMs, custom: [{ type: QUIET, body }] }
    expect(party.group("alice").stageCommit(asked)).toEqual({
      kind: "refused",
      reason: "proposal_not_supported_by_all",
    })
    expect(party.commit("alice", { ...asked, removes: [2] }).staged.report.custom).toHaveLength(1)
  })

  it("is listed by the leaf of a group's creator, so that the group may require it", () => {
    const requires = {
      extensionType: EXTENSION_TYPES.requiredCapabilities,
      extensionData: Uint8Array.of(0, 2, 0xf0, 1, 0),
    }
    const { policy } = settings
    expect(() => Party.of("required", ["alice"], { policy, extensions: [requires] })).not.toThrow()
  })
})

const register =
  (...codePoints: number[]) =>
  () =>
    policyWith({
      customProposals: codePoints.map((type) => ({ type, requiresPath: true, fromExternalSenders: false })),
    })

describe("registering types of proposals", () => {
  it.each([0, 1, 7, 0x0a0a, 0xeaea, 0x10000, 1.5, -1])("refuses %d, which RFC 9420 defines or reserves", (type) => {
    expect(register(type)).toThrow(new RangeError(`${type} is not a type for custom proposals`))
  })

  it("refuses one that is there twice", () => {
    expect(register(8, 0xffff)).not.toThrow()
    expect(register(0xf001, 0xf001)).toThrow(new RangeError("custom proposal type 61441 is registered twice"))
  })

  it("finds what was registered for a proposal, and nothing for any other", () => {
    const [quiet, loud] = types
    expect(customTypeOf(types, custom(QUIET))).toBe(quiet)
    expect(customTypeOf(types, custom(LOUD))).toBe(loud)
    expect(customTypeOf(types, custom(0xf00f))).toBeUndefined()
    // A Remove has no type to compare with, even where somebody registered none.
    const nothing = { requiresPath: false, fromExternalSenders: false } as (typeof types)[number]
    expect(customTypeOf([nothing], { kind: "remove", removed: 1 })).toBeUndefined()
  })

  it("claims support for them beside whatever is claimed", () => {
    const extensions = [0xf00f]
    expect(withCustomProposals({ extensions }, settings.policy)).toEqual({ extensions, proposals: [QUIET, LOUD] })
    expect(withCustomProposals({ proposals: [9] }, settings.policy)).toEqual({ proposals: [9, QUIET, LOUD] })
    expect(withCustomProposals({}, { customProposals: [] })).toEqual({ proposals: [] })
  })
})

describe("a commit needs a path (RFC 9420 §12.4)", () => {
  const { decoded: keyPackage } = new Party("path required").keyPackage("alice")
  const { leafNode } = keyPackage
  const id = { kind: "external", pskId: body, pskNonce: body } as const

  it.each<[Proposal, boolean]>([
    [{ kind: "add", keyPackage }, false],
    [{ kind: "psk", id }, false],
    [{ kind: "reinit", groupId: body, version: 1, cipherSuite: 1, extensions: [] }, false],
    [{ kind: "update", leafNode }, true],
    [{ kind: "remove", removed: 1 }, true],
    [{ kind: "external_init", kemOutput: body }, true],
    [{ kind: "group_context_extensions", extensions: [] }, true],
  ])("for what RFC 9420 says: $kind", (proposal, isRequired) => {
    expect(requiresPath(types, proposal)).toBe(isRequired)
  })

  it.each([
    [QUIET, false],
    [LOUD, true],
    // Nobody knows what it does.
    [0xf00f, true],
  ])("for custom proposals as they were registered, and for unknown ones: %d", (type, isRequired) => {
    expect(requiresPath(types, custom(type))).toBe(isRequired)
  })
})

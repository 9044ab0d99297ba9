import { encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { signContent } from "./authenticated-content.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import { writeExternalSenders } from "./external-senders.ts"
import { frameContent } from "./framed-content.ts"
import type { ContentBody, Sender } from "./framed-content.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import { openOutsiderPublic } from "./outsider.ts"
import type { Proposal } from "./proposal.ts"
import { externalCommit } from "./testing/external-commit.ts"
import { publicIn } from "./testing/insider.ts"
import { outcomeOf, Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true, newMemberProposals: true, externalCommits: true }

/** A public message of somebody outside the group, signed by `signer`. */
function outsiders(party: Party, sender: Sender, body: ContentBody, signer: string): Uint8Array {
  const { suite, groupId } = party
  const { epoch } = party.insidesOf("alice")
  const content = frameContent({ groupId, epoch: epoch.context.epoch, sender, authenticatedData: NO_DATA }, body)
  const { privateKey } = party.keysOf(signer)
  const signature = signContent(suite, privateKey, "public_message", content, epoch.context.encoded)
  const confirmationTag = body.kind === "commit" ? new Uint8Array(32) : undefined
  const message = { content, auth: { signature, confirmationTag }, membershipTag: undefined }
  return encodeMlsMessage({ kind: "public_message", message })
}

const addOf = (party: Party, name: string): ContentBody => ({
  kind: "proposal",
  proposal: { kind: "add", keyPackage: party.keyPackage(name).decoded },
})
const proposal = (value: Proposal): ContentBody => ({ kind: "proposal", proposal: value })

/** A group that listens to a server, whose key is in its external senders. */
function supervised(seed: string, changes: Partial<typeof policy> = {}): Party {
  const party = new Party(seed, { policy: { ...policy, ...changes } })
  const senders = [
    {
      signatureKey: party.keysOf("server").publicKey,
      credential: { kind: "basic", identity: toUtf8("server") },
    } as const,
  ]
  const extensionData = encode((writer) => writeExternalSenders(writer, senders))
  party.create("alice")
  party.add("alice", ["bob"], { extensions: [{ extensionType: EXTENSION_TYPES.externalSenders, extensionData }] })
  return party
}

describe("a member", () => {
  it("is no outsider: its membership tag has to be checked, so that asking is a defect of ours", () => {
    const party = Party.of("no outsider", ["alice", "bob"], { policy })
    const message = publicIn(party.stage("alice", { wireFormat: "public" }).commit)
    const state = party.insidesOf("bob")
    expect(() => openOutsiderPublic(state, message)).toThrow("unreachable: members have a membership tag")
  })
})

describe("an external sender", () => {
  const server = { kind: "external", senderIndex: 0 } as const

  it("may propose what a member then commits", () => {
    const party = supervised("external sender")
    const message = outsiders(party, server, proposal({ kind: "remove", removed: 1 }), "server")
    expect([party.hear("alice", message), party.hear("bob", message)]).toEqual(["proposal", "proposal"])
    expect(party.commit("alice").staged.report.removed).toMatchObject([{ leafIndex: 1 }])
  })

  it.each([
    ["unknown_sender", { kind: "external", senderIndex: 1 }, proposal({ kind: "remove", removed: 1 }), "server"],
    ["bad_signature", server, proposal({ kind: "remove", removed: 1 }), "mallory"],
    ["content_forbidden", server, proposal({ kind: "external_init", kemOutput: NO_DATA }), "server"],
    ["content_forbidden", server, proposal({ kind: "custom", type: 0x0a0a, body: NO_DATA }), "server"],
    ["content_forbidden", server, { kind: "commit", commit: { proposals: [], path: undefined } }, "server"],
    ["application_not_encrypted", server, { kind: "application", data: NO_DATA }, "server"],
  ] as [string, Sender, ContentBody, string][])("is refused with %s", (reason, sender, body, signer) => {
    const party = supervised("external sender refused")
    expect(party.hear("bob", outsiders(party, sender, body, signer))).toBe(reason)
  })

  it("is nobody where the group names none, or the policy does not allow proposals", () => {
    const body = proposal({ kind: "remove", removed: 1 })
    const open = Party.of("no senders", ["alice", "bob"], { policy })
    expect(open.hear("bob", outsiders(open, server, body, "server"))).toBe("unknown_sender")
    const closed = supervised("closed", { proposals: false })
    expect(closed.hear("bob", outsiders(closed, server, body, "server"))).toBe("not_allowed")
  })
})

describe("a newcomer who proposes to be added", () => {
  const sender = { kind: "new_member_proposal" } as const

  it("is added by a member's commit", () => {
    const party = Party.of("newcomer", ["alice", "bob"], { policy })
    const message = outsiders(party, sender, addOf(party, "carol"), "carol")
    expect([party.hear("alice", message), party.hear("bob", message)]).toEqual(["proposal", "proposal"])
    expect(party.commit("bob").staged.report.added).toMatchObject([{ leafIndex: 2 }])
  })

  it("signs with the key in its key package, and asks for nothing else", () => {
    const party = Party.of("newcomer refused", ["alice", "bob"], { policy })
    const forged = outsiders(party, sender, addOf(party, "carol"), "mallory")
    const other = outsiders(party, sender, proposal({ kind: "remove", removed: 1 }), "carol")
    expect([party.hear("bob", forged), party.hear("bob", other)]).toEqual(["bad_signature", "content_forbidden"])
  })

  it("is not listened to unless the policy allows it", () => {
    const party = Party.of("uninvited", ["alice", "bob"], { policy: { proposals: true } })
    expect(party.hear("bob", outsiders(party, sender, addOf(party, "carol"), "carol"))).toBe("not_allowed")
  })
})

describe("a newcomer who adds itself", () => {
  it("is followed into its epoch, which it agrees on with everybody", () => {
    const party = Party.of("external commit", ["alice", "bob"], { policy })
    const { commit, epochAuthenticator } = externalCommit(party, "carol")
    const received = party.group("bob").receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    expect(received.senderLeafIndex).toBe(2)
    expect(received.staged.report).toMatchObject({ added: [{ leafIndex: 2 }], updated: [], removed: [] })
    party.group("bob").merge(received.staged)
    party.follow("alice", commit)
    expect(party.group("bob").epochAuthenticator()).toEqual(epochAuthenticator)
    expect(party.hear("bob", party.say("alice", "welcome"))).toBe("welcome")
  })

  it("may take the place of its own old appearance", () => {
    const party = Party.of("resync", ["alice", "bob", "carol"], { policy })
    const { commit, epochAuthenticator } = externalCommit(party, "carol", { more: [{ kind: "remove", removed: 2 }] })
    party.follow("alice", commit)
    expect(party.group("alice").epochAuthenticator()).toEqual(epochAuthenticator)
  })

  it.each([
    ["external_init_missing", []],
    [
      "external_commit_proposals",
      [
        { kind: "external_init", kemOutput: NO_DATA },
        { kind: "external_init", kemOutput: NO_DATA },
      ],
    ],
    ["external_commit_proposals", [{ kind: "group_context_extensions", extensions: [] }]],
  ] as [string, Proposal[]][])("is refused with %s", (reason, proposals) => {
    const party = Party.of("external refused", ["alice", "bob"], { policy })
    const { path } = pathOf(party)
    const items = proposals.map((value) => ({ kind: "proposal", proposal: value }) as const)
    const body = { kind: "commit", commit: { proposals: items, path } } as const
    expect(party.hear("bob", outsiders(party, { kind: "new_member_commit" }, body, "carol"))).toBe(reason)
  })

  it("is refused with references, without a path, with a key that is taken, or signed by another", () => {
    const party = Party.of("external forged", ["alice", "bob"], { policy })
    const { path } = pathOf(party)
    const sender = { kind: "new_member_commit" } as const
    const verdict = (commit: Extract<ContentBody, { kind: "commit" }>["commit"]): string =>
      party.hear("bob", outsiders(party, sender, { kind: "commit", commit }, "carol"))
    expect(verdict({ proposals: [{ kind: "reference", reference: new Uint8Array(32) }], path })).toBe(
      "external_commit_reference",
    )
    expect(verdict({ proposals: [], path: undefined })).toBe("path_missing")
    expect(party.hear("bob", externalCommit(party, "carol", { signer: "mallory" }).commit)).toBe("bad_signature")
    expect(party.hear("bob", externalCommit(party, "alice").commit)).toBe("duplicate_signature_key")
    expect(party.hear("bob", outsiders(party, sender, addOf(party, "carol"), "carol"))).toBe("content_forbidden")
  })

  it("is not let in unless the policy allows it", () => {
    const party = Party.of("closed", ["alice", "bob"], { policy: { proposals: true } })
    expect(party.hear("bob", externalCommit(party, "carol").commit)).toBe("not_allowed")
  })
})

/** The path of a valid external commit of carol. */
function pathOf(party: Party): Extract<ContentBody, { kind: "commit" }>["commit"] {
  const message = decodeMlsMessage(externalCommit(party, "carol").commit)
  if (message.kind !== "public_message" || message.message.content.body.kind !== "commit") throw new Error(message.kind)
  return message.message.content.body.commit
}

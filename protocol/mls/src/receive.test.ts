import type { CipherSuite } from "@qpc/crypto"
import { unwatched } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ContentWireFormat } from "./authenticated-content.ts"
import { speakerOf } from "./create-commit.ts"
import type { ContentBody } from "./framed-content.ts"
import { Group } from "./group.ts"
import type { GroupState } from "./group-state.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import type { Proposal } from "./proposal.ts"
import { protect, signBody } from "./send.ts"
import { Party } from "./testing/party.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const NO_DATA = new Uint8Array(0)

/** Everything in a message as one test wants it, signed and sealed by `by`. */
function craft(
  party: Party,
  by: string,
  body: ContentBody,
  changes: Partial<GroupState> & { readonly wireFormat?: ContentWireFormat; readonly leafIndex?: number } = {},
): Uint8Array {
  const speaker = speakerOf({ ...party.insidesOf(by), ...changes })
  const signed = signBody(speaker, changes.wireFormat ?? "private_message", body, NO_DATA)
  const confirmationTag = body.kind === "commit" ? new Uint8Array(party.suite.sizes.hashBytes) : undefined
  const claimed = { ...speaker, leafIndex: changes.leafIndex ?? speaker.leafIndex }
  return unwatched("a malicious member keeps no count of its keys", () => {
    return protect(claimed, signed, { signature: signed.signature, confirmationTag }, party)
  })
}

const text = { kind: "application", data: toUtf8("text") } as const

describe("receiving a message", () => {
  it("opens it once", () => {
    const party = Party.of("once", ["alice", "bob"])
    const message = party.say("alice", "hello")
    expect([1, 2, 3].map(() => party.hear("bob", message))).toEqual(["hello", "key_consumed", "key_consumed"])
  })

  it("does not open what we sent", () => {
    const party = Party.of("own", ["alice", "bob"])
    expect(party.hear("alice", party.say("alice", "hello"))).toBe("own_message")
  })

  it("opens only what it is asked to, and uses up no key of anything else", () => {
    const party = Party.of("only", ["alice", "bob"], { policy: { proposals: true } })
    const [bob, { random, nowMs }] = [party.group("bob"), party]
    const past = party.say("alice", "past")
    party.commit("alice")
    const [present, { commit }] = [party.say("alice", "present"), party.stage("alice")]
    const options = { authenticatedData: NO_DATA, random, nowMs, wireFormat: "public" } as const
    const proposed = party.group("alice").propose({ kind: "update" }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    const before = bob.toBytes()
    const wrong = [
      [past, "proposal"],
      [present, "commit"],
      [commit, "application"],
      [proposed.message, "commit"],
    ] as const
    for (const [message, only] of wrong) {
      expect(bob.receive(message, nowMs, { only })).toEqual({ kind: "rejected", reason: "not_allowed" })
    }
    expect(bob.toBytes()).toEqual(before)
    for (const message of [past, present])
      expect(bob.receive(message, nowMs, { only: "application" }).kind).toBe("application")
    expect(bob.receive(proposed.message, nowMs, { only: "proposal" }).kind).toBe("proposal")
    expect(bob.receive(commit, nowMs, { only: "commit" }).kind).toBe("commit")
  })

  it("opens on request only what was sealed under certain data, and uses up no key of the rest, in past epochs neither", () => {
    const party = Party.of("under", ["alice", "bob"], { policy: { proposals: true } })
    const [bob, { random, nowMs }] = [party.group("bob"), party]
    const [ours, other] = [Uint8Array.of(1), Uint8Array.of(1, 0)]
    const say = () => party.group("alice").protect(Uint8Array.of(7), { authenticatedData: ours, random })
    const past = say()
    party.commit("alice")
    const present = say()
    const options = { authenticatedData: ours, random, nowMs, wireFormat: "public" } as const
    const proposed = party.group("alice").propose({ kind: "update" }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    const before = bob.toBytes()
    for (const message of [past, present, proposed.message]) {
      for (const authenticatedData of [other, NO_DATA]) {
        const received = bob.receive(message, nowMs, { authenticatedData })
        expect(received).toEqual({ kind: "rejected", reason: "other_authenticated_data" })
      }
    }
    expect(bob.toBytes()).toEqual(before)
    const kinds = [past, present, proposed.message].map((message) => {
      return bob.receive(message, nowMs, { authenticatedData: ours }).kind
    })
    expect(kinds).toEqual(["application", "application", "proposal"])
  })

  it("is total: refuses what is no message, and messages that are not for groups", () => {
    const party = Party.of("total", ["alice", "bob"])
    const keyPackage = party.keyPackage("carol").keyPackage
    const { welcome = NO_DATA } = party.stage("alice", { adds: [keyPackage] })
    const whole = party.say("alice", "hello")
    const refused = [NO_DATA, Uint8Array.of(1), whole.slice(0, -1), Uint8Array.of(...whole, 0), keyPackage, welcome]
    expect(refused.map((bytes) => party.hear("bob", bytes))).toEqual([
      "malformed",
      "malformed",
      "malformed",
      "malformed",
      "not_a_group_message",
      "not_a_group_message",
    ])
  })

  it("does not take a mistake of the caller's for a malformed message", () => {
    const party = Party.of("no bytes", ["alice", "bob"])
    expect(() => party.hear("bob", null as never)).toThrow(TypeError)
  })

  it("refuses messages of other groups", () => {
    const other = Party.of("other", ["alice", "bob"])
    expect(Party.of("ours", ["alice", "bob"]).hear("bob", other.say("alice", "hello"))).toBe("unknown_group")
  })

  it("refuses messages of epochs to come, and opens them once the epoch is there", () => {
    const party = Party.of("ahead", ["alice", "bob", "carol"])
    const { commit, staged } = party.stage("alice")
    party.group("alice").merge(staged)
    const early = party.say("alice", "early")
    expect(party.hear("bob", early)).toBe("epoch_ahead")
    party.follow("bob", commit)
    expect(party.hear("bob", early)).toBe("early")
  })

  it("refuses a sender who is not a member, behind keys that only members have", () => {
    const party = Party.of("nobody", ["alice", "bob", "carol"])
    expect(party.hear("bob", craft(party, "alice", text, { leafIndex: 3 }))).toBe("unknown_sender")
  })

  it("refuses a member who speaks in another's name", () => {
    const party = Party.of("forged sender", ["alice", "bob", "carol"])
    expect(party.hear("bob", craft(party, "alice", text, { leafIndex: 2 }))).toBe("bad_signature")
    expect(party.hear("bob", party.say("carol", "that was not me"))).toBe("that was not me")
  })

  it("refuses a signature by another key", () => {
    const party = Party.of("forged signature", ["alice", "bob"])
    const signaturePrivateKey = party.keysOf("mallory").privateKey
    expect(party.hear("bob", craft(party, "alice", text, { signaturePrivateKey }))).toBe("bad_signature")
    const changes = { signaturePrivateKey, wireFormat: "public_message" } as const
    expect(party.hear("bob", craft(party, "alice", { kind: "commit", commit: EMPTY }, changes))).toBe("bad_signature")
  })

  it("refuses a public message with another membership tag", () => {
    const party = Party.of("membership", ["alice", "bob"])
    const message = decodeMlsMessage(party.stage("alice", { wireFormat: "public" }).commit)
    if (message.kind !== "public_message") throw new Error(message.kind)
    const forged = { ...message.message, membershipTag: new Uint8Array(32) }
    expect(party.hear("bob", encodeMlsMessage({ kind: "public_message", message: forged }))).toBe("bad_membership_tag")
  })

  it("refuses a commit with another confirmation tag", () => {
    const party = Party.of("confirmation", ["alice", "bob"])
    const { path } = commitIn(party.stage("alice", { wireFormat: "public" }).commit)
    const forged = craft(party, "alice", { kind: "commit", commit: { proposals: [], path } })
    expect(party.hear("bob", forged)).toBe("bad_confirmation_tag")
  })

  it("refuses application messages that are not encrypted", () => {
    const party = Party.of("unencrypted", ["alice", "bob"])
    const message = decodeMlsMessage(
      craft(party, "alice", { kind: "commit", commit: EMPTY }, { wireFormat: "public_message" }),
    )
    if (message.kind !== "public_message") throw new Error(message.kind)
    const content = { ...message.message.content, encoded: asApplication(message.message.content.encoded) }
    const auth = { signature: message.message.auth.signature, confirmationTag: undefined }
    const forged = encodeMlsMessage({ kind: "public_message", message: { ...message.message, content, auth } })
    expect(party.hear("bob", forged)).toBe("application_not_encrypted")
  })

  it("refuses padding that carries something", () => {
    const party = Party.of("padding", ["alice", "bob"])
    const speaker = speakerOf(party.insidesOf("alice"))
    const signed = signBody(speaker, "private_message", text, NO_DATA)
    // A signature that is followed by more bytes: what comes after the real one is padding to the receiver.
    const auth = { signature: signed.signature, confirmationTag: Uint8Array.of(1) }
    expect(party.hear("bob", protect(speaker, signed, auth, party))).toBe("malformed")
  })
})

describe("the key of a message", () => {
  const policy = { proposals: true }

  /** Alice and bob, and how many keys and secrets are left that were not before. */
  function watchedParty(seed: string): { readonly party: Party; readonly moreLeft: () => number } {
    const watched = watchSecrets(suite0001)
    // What AEAD opens is what a message says.
    const suite: CipherSuite = { ...watched.suite, aeadOpen: (...sealed) => suite0001.aeadOpen(...sealed) }
    const party = new Party(seed, { policy, limits: { queuedProposals: 1 } }, suite)
    party.create("alice")
    party.add("alice", ["bob"])
    // The ratchets of both exist from here on.
    party.hear("bob", party.say("alice", "first"))
    party.hear("bob", craft(party, "alice", EMPTY_COMMIT))
    const { aeadNonceBytes } = suite.sizes
    const left = (): number => watched.secretsLeft().filter(({ length }) => length > aeadNonceBytes).length
    let before = left()
    return {
      party,
      moreLeft: () => {
        const more = left() - before
        before = left()
        return more
      },
    }
  }

  it.each<[string, (party: Party) => Uint8Array]>([
    ["bad_signature", (party) => craft(party, "alice", text, { signaturePrivateKey: party.keysOf("bob").privateKey })],
    ["path_missing", (party) => craft(party, "alice", EMPTY_COMMIT)],
    ["content_forbidden", (party) => craft(party, "alice", proposal({ kind: "external_init", kemOutput: NO_DATA }))],
  ])("is zeroed when the message is refused, and can still open an honest one: %s", (reason, make) => {
    const { party, moreLeft } = watchedParty("refused")
    const message = make(party)
    moreLeft()
    expect([party.hear("bob", message), party.hear("bob", message), moreLeft()]).toEqual([reason, reason, 0])
  })

  it("is zeroed and gone when a text or a proposal is accepted", () => {
    const { party, moreLeft } = watchedParty("accepted")
    const messages = [party.say("alice", "second"), craft(party, "alice", proposal({ kind: "remove", removed: 1 }))]
    moreLeft()
    expect(messages.map((message) => party.hear("bob", message))).toEqual(["second", "proposal"])
    expect(moreLeft()).toBe(0)
    expect(messages.map((message) => party.hear("bob", message))).toEqual(["key_consumed", "key_consumed"])
  })
})

describe("what is received", () => {
  it("keeps its authenticated data when the bytes of the message are used for something else", () => {
    const party = Party.of("own data", ["alice", "bob", "carol"], { policy: { proposals: true } })
    const { random, nowMs } = party
    const alice = party.group("alice")
    const about = { authenticatedData: toUtf8("data"), random, nowMs }
    const { commit } = party.stage("alice", about)
    alice.clear(alice.pendingCommit!)
    const said = alice.protect(toUtf8("hello"), about)
    const proposed = alice.propose({ kind: "remove", leafIndex: 2 }, about)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    const kept = [said, proposed.message, commit].map((message) => {
      const received = party.group("bob").receive(message, nowMs)
      message.fill(0)
      return "authenticatedData" in received ? received.authenticatedData : received.kind
    })
    expect(kept).toEqual([toUtf8("data"), toUtf8("data"), toUtf8("data")])
  })

  it("is a text alone, without the rest of the message behind it in memory", () => {
    const party = Party.of("own text", ["alice", "bob"])
    const received = party.group("bob").receive(party.say("alice", "hello"), party.nowMs)
    expect(received).toMatchObject({ plaintext: toUtf8("hello") })
    expect("plaintext" in received && received.plaintext.buffer.byteLength).toBe(5)
  })

  it("leaves room for as many commits of others as the limit says, beside our own", () => {
    const party = Party.of("room", ["alice", "bob", "carol"], { limits: { stagedCommits: 1 } })
    party.stage("bob")
    const received = party.group("bob").receive(party.stage("alice").commit, party.nowMs)
    expect(received).toMatchObject({ kind: "commit", staged: { kind: "received" } })
    expect(party.hear("bob", party.stage("carol").commit)).toBe("too_many_staged_commits")
  })
})

const proposal = (sent: Proposal): ContentBody => ({ kind: "proposal", proposal: sent })

describe("a damaged message", () => {
  it.each([
    ["a text", (party: Party) => party.say("alice", "hello")],
    ["a private commit", (party: Party) => party.stage("alice", { removes: [2] }).commit],
    ["a public commit", (party: Party) => party.stage("alice", { removes: [2], wireFormat: "public" }).commit],
  ])("is rejected at whichever byte it was flipped or cut, and leaves room for the original: %s", (_, make) => {
    const party = Party.of("damaged", ["alice", "bob", "carol"])
    const original = make(party)
    const bob = party.group("bob")
    const before = bob.toBytes()
    const accepted = damagedOf(original).filter((bytes) => bob.receive(bytes, party.nowMs).kind !== "rejected")
    expect(accepted).toEqual([])
    expect(bob.toBytes()).toEqual(before)
    expect(bob.receive(original, party.nowMs).kind).not.toBe("rejected")
  })

  it("of the welcoming kind opens nothing, and leaves room for the original", () => {
    const party = Party.of("damaged welcome", ["alice"])
    const bundle = party.keyPackage("bob")
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage], forcePath: true })
    const options = { suite: party.suite, signatureKeys: party.keysOf("bob"), bundles: [bundle] }
    const accepted = damagedOf(welcome).filter((bytes) => Group.join({ ...options, welcome: bytes }).kind === "joined")
    expect(accepted).toEqual([])
    expect(Group.join({ ...options, welcome }).kind).toBe("joined")
  })
})

describe("messages of past epochs", () => {
  it("are opened for as many epochs as the limits say", () => {
    const party = Party.of("past", ["alice", "bob"], { limits: { pastEpochs: 2 } })
    const sent = [0, 1, 2, 3].map((at) => {
      const message = party.say("alice", `epoch ${at}`)
      party.commit("bob")
      return message
    })
    expect(sent.map((message) => party.hear("bob", message))).toEqual([
      "epoch_passed",
      "epoch_passed",
      "epoch 2",
      "epoch 3",
    ])
    expect(party.hear("bob", sent[3] ?? NO_DATA)).toBe("key_consumed")
  })

  it("are opened after a restart too, from a sender who has left since", () => {
    const party = Party.of("past restart", ["alice", "bob", "carol"])
    const late = party.say("carol", "bye")
    party.commit("alice", { removes: [2] })
    party.restart("bob")
    expect(party.hear("bob", late)).toBe("bye")
  })

  it("are not opened where they are not application messages", () => {
    const party = Party.of("past commits", ["alice", "bob"])
    const [privately, publicly] = [craft(party, "alice", EMPTY_COMMIT), party.stage("alice", { wireFormat: "public" })]
    party.group("alice").clear(publicly.staged)
    party.commit("bob")
    expect([privately, publicly.commit].map((message) => party.hear("bob", message))).toEqual([
      "epoch_passed",
      "epoch_passed",
    ])
  })

  it("are not those that a newcomer was not there for", () => {
    const party = Party.of("newcomer", ["alice", "bob"])
    const before = party.say("alice", "before")
    party.add("alice", ["carol"])
    expect(party.hear("carol", before)).toBe("epoch_passed")
  })
})

/** Each byte flipped in two ways, and each truncation. */
function damagedOf(original: Uint8Array): Uint8Array[] {
  return Array.from(original).flatMap((byte, at) => [
    original.with(at, byte ^ 0xff),
    original.with(at, byte ^ 0x01),
    original.slice(0, at),
  ])
}

const EMPTY = { proposals: [], path: undefined }
const EMPTY_COMMIT = { kind: "commit", commit: EMPTY } as const

function commitIn(bytes: Uint8Array): Extract<ContentBody, { kind: "commit" }>["commit"] {
  const message = decodeMlsMessage(bytes)
  if (message.kind !== "public_message" || message.message.content.body.kind !== "commit") throw new Error(message.kind)
  return message.message.content.body.commit
}

/** The encoding of an empty commit's content, turned into that of an empty application message. */
function asApplication(encoded: Uint8Array): Uint8Array {
  const bytes = encoded.slice(0, -1)
  bytes[bytes.length - 2] = 1
  return bytes
}

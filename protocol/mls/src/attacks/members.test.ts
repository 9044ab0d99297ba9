import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { EXTENSION_TYPES } from "../extension.ts"
import type { Proposal } from "../proposal.ts"
import { playAttacks } from "../testing/attack.ts"
import type { Attack } from "../testing/attack.ts"
import { addOf, commitOf, craft, leafOf, pathOf, updateOf } from "../testing/insider.ts"
import { TEST_NOW_MS } from "../testing/test-member.ts"
import { Party } from "../testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true }
const seconds = (days: number): bigint => BigInt(TEST_NOW_MS / 1000 + days * 86_400)
const capabilities = { versions: [1], cipherSuites: [1], extensions: [], proposals: [], credentials: [1] }

/** A commit of alice that adds what it should not. */
function adding(
  title: string,
  reason: string,
  add: (party: Party) => Proposal,
  settings: Attack["settings"] = {},
): Attack {
  return { title, reason, make: (party) => commitOf(party, [add(party)], undefined), settings }
}

type Leaf = NonNullable<NonNullable<Parameters<typeof addOf>[2]>["leaf"]>
const withLeaf = (leaf: Leaf) => (party: Party) => addOf(party, "erin", { leaf })
const livingFrom = (from: number, to: number) =>
  withLeaf({ leafNodeSource: { kind: "key_package", lifetime: { notBefore: seconds(from), notAfter: seconds(to) } } })
const strict = { policy: { checkLifetimes: true } }

playAttacks("a commit that adds a key package which is not valid", [
  adding("one signed by somebody else", "leaf_signature_invalid", (party) =>
    addOf(party, "erin", { signer: "mallory" }),
  ),
  adding("a leaf of one and a signature of another", "key_package_signature_invalid", (party) => {
    const [ours, theirs] = [addOf(party, "erin"), addOf(party, "mallory")]
    if (ours.kind !== "add" || theirs.kind !== "add") throw new Error("not an Add")
    const keyPackage = { ...ours.keyPackage, encoded: spliced(ours.keyPackage.encoded, theirs.keyPackage.signature) }
    return { kind: "add", keyPackage }
  }),
  adding("one of another suite", "key_package_cipher_suite", (party) => {
    const add = addOf(party, "erin")
    if (add.kind !== "add") throw new Error("not an Add")
    return { kind: "add", keyPackage: { ...add.keyPackage, encoded: add.keyPackage.encoded.with(3, 2) } }
  }),
  adding("one of another version", "key_package_version", (party) => {
    const add = addOf(party, "erin")
    if (add.kind !== "add") throw new Error("not an Add")
    return { kind: "add", keyPackage: { ...add.keyPackage, encoded: add.keyPackage.encoded.with(1, 2) } }
  }),
  adding("an init key that is also the leaf's", "key_package_init_key_reused", (party) => {
    const encryptionKey = party.suite.kemKeyPair(party.random(32)).publicKey
    return addOf(party, "erin", { leaf: { encryptionKey }, whole: { initKey: encryptionKey } })
  }),
  adding("an init key of low order", "key_package_init_key_unusable", (party) => {
    return addOf(party, "erin", { whole: { initKey: new Uint8Array(32) } })
  }),
  adding(
    "an encryption key of low order",
    "leaf_encryption_key_unusable",
    withLeaf({ encryptionKey: new Uint8Array(32) }),
  ),
  adding("an encryption key of another length", "leaf_encryption_key_unusable", withLeaf({ encryptionKey: NO_DATA })),
  adding(
    "a leaf that does not support the version",
    "leaf_version_unsupported",
    withLeaf({ capabilities: { ...capabilities, versions: [2] } }),
  ),
  adding(
    "a leaf that does not support the suite",
    "leaf_cipher_suite_unsupported",
    withLeaf({ capabilities: { ...capabilities, cipherSuites: [2] } }),
  ),
  adding(
    "a leaf that does not support its own credential",
    "leaf_credential_unsupported",
    withLeaf({ capabilities: { ...capabilities, credentials: [2] } }),
  ),
  adding(
    "a leaf extension that its capabilities do not list",
    "leaf_extension_unsupported",
    withLeaf({ extensions: [{ extensionType: 0xf00f, extensionData: NO_DATA }] }),
  ),
  adding("an extension of the package that its leaf does not list", "key_package_extension_unsupported", (party) =>
    addOf(party, "erin", { whole: { extensions: [{ extensionType: 0xf00f, extensionData: NO_DATA }] } }),
  ),
  adding("a leaf from an Update", "leaf_source_mismatch", (party) => {
    const update = updateOf(party, "carol")
    if (update.kind !== "update") throw new Error("not an Update")
    return addOf(party, "erin", { whole: { leafNode: update.leafNode } })
  }),
])

playAttacks("a lifetime that is abused", [
  adding("one longer than the limit", "leaf_lifetime_too_long", livingFrom(-1, 366)),
  adding(
    "one as long as time itself",
    "leaf_lifetime_too_long",
    withLeaf({
      leafNodeSource: { kind: "key_package", lifetime: { notBefore: 0n, notAfter: 2n ** 64n - 1n } },
    }),
  ),
  adding("one that ends before it begins", "leaf_lifetime_reversed", livingFrom(1, -1)),
  adding("one that is over, where the policy asks", "leaf_lifetime_expired", livingFrom(-3, -1), strict),
  adding("one that has not begun, where the policy asks", "leaf_lifetime_not_begun", livingFrom(1, 3), strict),
  adding("one longer than a limit of our own", "leaf_lifetime_too_long", livingFrom(-1, 100), {
    limits: { leafLifetimeMs: 91 * 86_400_000 },
  }),
])

playAttacks("a commit that adds somebody who does not fit", [
  adding("somebody who is there already", "duplicate_signature_key", (party) => addOf(party, "carol")),
  adding("somebody with the encryption key of a member", "duplicate_encryption_key", (party) => {
    return addOf(party, "erin", { leaf: { encryptionKey: leafOf(party, "carol").encryptionKey } })
  }),
  {
    title: "one person twice",
    reason: "duplicate_signature_key",
    make: (party) => commitOf(party, [addOf(party, "erin"), addOf(party, "erin")], undefined),
  },
  {
    title: "two people with one encryption key",
    reason: "duplicate_encryption_key",
    make: (party) => {
      const leaf = { encryptionKey: party.suite.kemKeyPair(party.random(32)).publicKey }
      return commitOf(party, [addOf(party, "erin", { leaf }), addOf(party, "frank", { leaf })], undefined)
    },
  },
  adding(
    "somebody who does not know a credential in use",
    "credential_not_supported_by_all",
    withLeaf({
      credential: { kind: "x509", certificates: [Uint8Array.of(1)] },
      capabilities: { ...capabilities, credentials: [2] },
    }),
    { policy: { credentialValidator: () => undefined } },
  ),
  adding(
    "somebody who lacks what the group requires",
    "required_capability_missing",
    (party) => addOf(party, "erin", { leaf: { capabilities } }),
    {
      extensions: [
        { extensionType: EXTENSION_TYPES.requiredCapabilities, extensionData: Uint8Array.of(2, 0xf0, 0x0f, 0, 0) },
      ],
      capabilities: { extensions: [0xf00f] },
    },
  ),
  adding(
    "somebody who does not know an extension of the group",
    "extension_not_supported_by_all",
    (party) => addOf(party, "erin", { leaf: { capabilities } }),
    {
      extensions: [{ extensionType: 0xf00f, extensionData: toUtf8("group") }],
    },
  ),
  adding("one member too many", "group_full", (party) => addOf(party, "erin"), { limits: { members: 4 } }),
])

/** Proposals that the victim took in, and alice's commit of them: what is wrong with them shows only then. */
function proposed(title: string, reason: string, proposals: (party: Party) => readonly Proposal[]): Attack {
  return {
    title,
    reason,
    settings: { policy },
    make: (party) => {
      const deviation = { wireFormat: "public_message" } as const
      for (const proposal of proposals(party)) {
        party.hear("bob", craft(party, "carol", { kind: "proposal", proposal }, deviation))
      }
      const references = party
        .insidesOf("bob")
        .queue.values()
        .map(({ reference }) => reference)
      return commitOf(party, references, pathOf(party))
    },
  }
}

playAttacks("a commit of an Update that is not valid", [
  proposed("one that keeps its key", "update_key_not_fresh", (party) => [
    updateOf(party, "carol", { encryptionKey: leafOf(party, "carol").encryptionKey }),
  ]),
  proposed("one that takes another member's key", "update_key_not_fresh", (party) => [
    updateOf(party, "carol", { encryptionKey: leafOf(party, "dave").encryptionKey }),
  ]),
  proposed("one that was signed for another leaf", "leaf_signature_invalid", (party) => [
    updateOf(party, "carol", {}, { leafIndex: 3 }),
  ]),
  proposed("one that was signed for another group", "leaf_signature_invalid", (party) => [
    updateOf(party, "carol", {}, { groupId: toUtf8("other") }),
  ]),
  proposed("one that was signed by somebody else", "leaf_signature_invalid", (party) => [
    updateOf(party, "carol", {}, { signer: "mallory" }),
  ]),
  proposed("one that says to come from a commit", "leaf_source_mismatch", (party) => [
    updateOf(party, "carol", { leafNodeSource: { kind: "commit", parentHash: NO_DATA } }),
  ]),
  proposed("one that says to come from a key package", "leaf_source_mismatch", (party) => [
    updateOf(party, "carol", {
      leafNodeSource: { kind: "key_package", lifetime: { notBefore: seconds(-1), notAfter: seconds(1) } },
    }),
  ]),
  proposed("one with a key of low order", "leaf_encryption_key_unusable", (party) => [
    updateOf(party, "carol", { encryptionKey: new Uint8Array(32) }),
  ]),
  proposed("one beside a Remove of the same member", "leaf_changed_twice", (party) => [
    updateOf(party, "carol"),
    { kind: "remove", removed: 2 },
  ]),
  proposed("two of one member", "leaf_changed_twice", (party) => [updateOf(party, "carol"), updateOf(party, "carol")]),
  proposed("one that drops what the group needs", "leaf_cipher_suite_unsupported", (party) => [
    updateOf(party, "carol", { capabilities: { ...capabilities, cipherSuites: [2] } }),
  ]),
])

playAttacks("an Update in a commit by value", [
  {
    title: "one of another member",
    reason: "update_by_committer",
    make: (party) => commitOf(party, [updateOf(party, "carol")], pathOf(party)),
  },
])

describe("a key package for somebody else's name", () => {
  it("shows the name it claims before anything takes effect, and is gone when the commit is cleared", () => {
    const party = Party.of("impersonation", ["alice", "bob", "carol", "dave"])
    const credential = { kind: "basic", identity: toUtf8("carol") } as const
    const { keyPackage } = party.keyPackage("mallory", { credential })
    const bob = party.group("bob")
    const before = bob.toBytes()
    const received = bob.receive(party.stage("alice", { adds: [keyPackage] }).commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    expect(received.staged.report.added).toMatchObject([{ credential }])
    bob.clear(received.staged)
    expect(bob.toBytes()).toEqual(before)
    party.follow("bob", party.stage("carol").commit)
  })
})

/** The same key package with another signature at its end. */
function spliced(encoded: Uint8Array, signature: Uint8Array): Uint8Array {
  return Uint8Array.of(...encoded.slice(0, -signature.length), ...signature)
}

import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { makeGroupContext } from "../group-context.ts"
import type { GroupContext } from "../group-context.ts"
import { Group } from "../group.ts"
import type { JoinGroupOptions } from "../group-options.ts"
import type { KeyPackageBundle } from "../key-package-bundle.ts"
import type { LeafNode } from "../leaf-node.ts"
import { makeParentNode } from "../parent-node.ts"
import type { ParentNode } from "../parent-node.ts"
import type { PreSharedKeyId } from "../psk-id.ts"
import { RatchetTree } from "../ratchet-tree.ts"
import { forgeWelcome } from "../testing/forged-welcome.ts"
import type { WelcomeForgery } from "../testing/forged-welcome.ts"
import { Party } from "../testing/party.ts"
import { withBrokenSignature } from "../testing/test-member.ts"

const NO_DATA = new Uint8Array(0)

/** A group of four, of which bob is the last and has not joined yet, and the honest Welcome for him. */
interface Invitation {
  readonly party: Party
  readonly bundle: KeyPackageBundle
  readonly welcome: Uint8Array
}

function invite(seed: string): Invitation {
  const party = Party.of(seed, ["alice", "carol", "dave"])
  const bundle = party.keyPackage("bob")
  const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage], forcePath: true })
  return { party, bundle, welcome }
}

interface WelcomeAttack {
  readonly title: string
  readonly reason: string
  readonly make: (invitation: Invitation) => Partial<JoinGroupOptions>
}

/** Plays each attack: it is refused, the key package is as it was, and the honest Welcome still leads into the group. */
function playWelcomes(family: string, attacks: readonly WelcomeAttack[]): void {
  describe(family, () => {
    it.each(attacks.map((attack) => ({ ...attack })))("$title is refused: $reason", (attack) => {
      const invitation = invite(`${family}: ${attack.title}`)
      const { party, bundle, welcome } = invitation
      const before = bundle.toBytes()
      const honest = { suite: party.suite, welcome, bundles: [bundle], signatureKeys: party.keysOf("bob") }
      expect(Group.join({ ...honest, ...attack.make(invitation) })).toEqual({ kind: "rejected", reason: attack.reason })
      expect(bundle.toBytes()).toEqual(before)
      expect(Group.join(honest).kind).toBe("joined")
    })
  })
}

const forged =
  (forgery: (invitation: Invitation) => WelcomeForgery) =>
  (invitation: Invitation): Partial<JoinGroupOptions> => ({
    welcome: forgeWelcome(invitation.party, invitation.bundle, forgery(invitation)),
  })

const contextOf = ({ party }: Invitation, changes: object): GroupContext =>
  makeGroupContext({ ...party.insidesOf("alice").epoch.context, ...changes })

const psk = (id: Partial<PreSharedKeyId> = {}): PreSharedKeyId =>
  ({ kind: "external", pskId: NO_DATA, pskNonce: new Uint8Array(32), ...id }) as PreSharedKeyId

playWelcomes("a Welcome that was changed, or is for somebody else", [
  {
    title: "a text in its place",
    reason: "not_a_welcome",
    make: ({ party }) => ({ welcome: party.say("alice", "hi") }),
  },
  { title: "a missing byte", reason: "malformed", make: ({ welcome }) => ({ welcome: welcome.slice(0, -1) }) },
  { title: "a trailing byte", reason: "malformed", make: ({ welcome }) => ({ welcome: Uint8Array.of(...welcome, 0) }) },
  {
    title: "a downgrade to another suite",
    reason: "welcome_cipher_suite",
    make: ({ welcome }) => ({ welcome: welcome.with(5, 2) }),
  },
  {
    title: "one for another key package of ours",
    reason: "no_matching_key_package",
    make: ({ party }) => ({ bundles: [party.keyPackage("bob")] }),
  },
  {
    title: "one for a key package that was used up",
    reason: "no_matching_key_package",
    make: ({ party }) => {
      const used = party.keyPackage("bob")
      const welcome = forgeWelcome(party, used, {})
      used[Symbol.dispose]()
      return { welcome, bundles: [used] }
    },
  },
  {
    title: "one sealed for somebody else in our name",
    reason: "group_secrets_not_decrypted",
    make: ({ party, bundle }) => ({ welcome: forgeWelcome(party, party.keyPackage("eve"), { newMember: bundle.ref }) }),
  },
  {
    title: "one whose group info was exchanged",
    reason: "group_secrets_not_decrypted",
    make: ({ welcome }) => ({ welcome: welcome.with(welcome.length - 1, (welcome.at(-1) ?? 0) ^ 1) }),
  },
  {
    title: "one into a group that we are in already",
    reason: "group_already_known",
    make: () => ({ isKnownGroup: () => true }),
  },
])

playWelcomes("a Welcome that a malicious member made", [
  {
    title: "a group info signed by another member",
    reason: "bad_group_info_signature",
    make: forged(({ party }) => ({ signaturePrivateKey: party.keysOf("carol").privateKey })),
  },
  {
    title: "a group info under another key",
    reason: "group_info_not_decrypted",
    make: forged(() => ({ welcomeKey: new Uint8Array(32) })),
  },
  { title: "a signer who is nobody", reason: "unknown_signer", make: forged(() => ({ info: { signer: 77 } })) },
  {
    title: "a signer who is ourselves",
    reason: "unknown_signer",
    make: forged(({ party }) => ({ info: { signer: 3 }, signaturePrivateKey: party.keysOf("bob").privateKey })),
  },
  {
    title: "a group of another suite",
    reason: "group_cipher_suite",
    make: forged((invitation) => ({ info: { groupContext: contextOf(invitation, { cipherSuite: 2 }) } })),
  },
  {
    title: "members of another group",
    reason: "leaf_signature_invalid",
    make: forged((invitation) => ({ info: { groupContext: contextOf(invitation, { groupId: toUtf8("other") }) } })),
  },
  {
    title: "an extension that members do not know",
    reason: "extension_not_supported_by_all",
    make: forged((invitation) => {
      const extensions = [{ extensionType: 0xf00f, extensionData: NO_DATA }]
      return { info: { groupContext: contextOf(invitation, { extensions }) } }
    }),
  },
  {
    title: "external senders that do not decode",
    reason: "external_senders_malformed",
    make: forged((invitation) => {
      const extensions = [{ extensionType: 5, extensionData: Uint8Array.of(9) }]
      return { info: { groupContext: contextOf(invitation, { extensions }) } }
    }),
  },
  {
    title: "another epoch",
    reason: "bad_confirmation_tag",
    make: forged((invitation) => ({ info: { groupContext: contextOf(invitation, { epoch: 99n }) } })),
  },
  { title: "another joiner secret", reason: "bad_confirmation_tag", make: forged(() => ({})) },
  {
    title: "another confirmation tag",
    reason: "bad_confirmation_tag",
    make: forged(() => ({ info: { confirmationTag: new Uint8Array(32) } })),
  },
  {
    title: "another path secret",
    reason: "path_secret_mismatch",
    make: forged(() => ({ secrets: { pathSecret: new Uint8Array(32) } })),
  },
  { title: "a PSK that we do not have", reason: "psk_missing", make: forged(() => ({ secrets: { psks: [psk()] } })) },
  { title: "a PSK twice", reason: "psk_invalid", make: forged(() => ({ secrets: { psks: [psk(), psk()] } })) },
  {
    title: "a PSK with a nonce of another length",
    reason: "psk_invalid",
    make: forged(() => ({ secrets: { psks: [psk({ pskNonce: NO_DATA })] } })),
  },
])

/** A tree that differs from the group's, with a group context that names it: only its rules are left to refuse it. */
const withTree = (
  title: string,
  reason: string,
  change: (tree: RatchetTree, invitation: Invitation) => RatchetTree,
): WelcomeAttack => ({
  title,
  reason,
  make: forged((invitation) => {
    const tree = change(invitation.party.insidesOf("alice").epoch.tree, invitation)
    return { tree, info: { groupContext: contextOf(invitation, { treeHash: tree.treeHash() }) } }
  }),
})

function rebuilt(
  tree: RatchetTree,
  changes: {
    readonly leafAt?: (leafIndex: number, leaf: LeafNode | undefined) => LeafNode | undefined
    readonly parentAt?: (nodeIndex: number, parent: ParentNode | undefined) => ParentNode | undefined
    readonly leafCount?: number
  },
): RatchetTree {
  const { leafAt = (_, leaf) => leaf, parentAt = (_, parent) => parent, leafCount = tree.leafWidth } = changes
  return RatchetTree.build(tree.suite, leafCount, {
    leafAt: (leafIndex) => leafAt(leafIndex, tree.leaf(leafIndex)),
    parentAt: (nodeIndex) => parentAt(nodeIndex, tree.parent(nodeIndex)),
  })
}

const rootOf = 3

playWelcomes("a Welcome with a tree that is not right", [
  {
    title: "a tree that the group context does not name",
    reason: "tree_hash_mismatch",
    make: forged((invitation) => ({ info: { groupContext: contextOf(invitation, { treeHash: new Uint8Array(32) }) } })),
  },
  {
    title: "a tree above the limit of members",
    reason: "ratchet_tree_malformed",
    make: () => ({ limits: { members: 2 } }),
  },
  {
    title: "a member whose lifetime is longer than the limit",
    reason: "leaf_lifetime_too_long",
    make: () => ({ limits: { leafLifetimeMs: 1 } }),
  },
  withTree("a tree whose right half is empty", "tree_not_truncated", (tree) =>
    rebuilt(tree, {
      leafCount: 8,
      parentAt: (nodeIndex, parent) => (nodeIndex === 13 ? tree.parent(rootOf) : parent),
    }),
  ),
  withTree("a tree without us", "parent_hash_invalid", (tree) =>
    rebuilt(tree, { leafAt: (leafIndex, leaf) => (leafIndex === 3 ? undefined : leaf) }),
  ),
  withTree("a parent hash that nobody committed to", "parent_hash_invalid", (tree) =>
    rebuilt(tree, {
      parentAt: (nodeIndex, parent) =>
        nodeIndex === 1 && parent ? makeParentNode(parent.encryptionKey, new Uint8Array(32), []) : parent,
    }),
  ),
  withTree("a key of the malicious member's own above us", "parent_hash_invalid", (tree, { party }) =>
    rebuilt(tree, {
      parentAt: (nodeIndex, parent) =>
        nodeIndex === rootOf && parent
          ? makeParentNode(party.suite.kemKeyPair(party.random(32)).publicKey, parent.parentHash, parent.unmergedLeaves)
          : parent,
    }),
  ),
  withTree("an unmerged leaf outside of its subtree", "unmerged_leaf_invalid", (tree) =>
    rebuilt(tree, {
      parentAt: (nodeIndex, parent) =>
        nodeIndex === 1 && parent ? makeParentNode(parent.encryptionKey, parent.parentHash, [3]) : parent,
    }),
  ),
  withTree("a parent with a key of low order", "parent_key_unusable", (tree) =>
    rebuilt(tree, {
      parentAt: (nodeIndex, parent) =>
        nodeIndex === rootOf && parent ? makeParentNode(new Uint8Array(32), parent.parentHash, []) : parent,
    }),
  ),
  withTree("one member at two leaves", "duplicate_encryption_key", (tree) =>
    rebuilt(tree, { leafAt: (leafIndex, leaf) => (leafIndex === 2 ? tree.leaf(1) : leaf) }),
  ),
  withTree("a member whose leaf nobody signed", "leaf_signature_invalid", (tree) => {
    const [first, ...others] = Array.from(tree.members(), ({ leafNode }) => leafNode)
    if (first === undefined) throw new Error("no member")
    const flat = RatchetTree.ofCreator(tree.suite, first)
    for (const [at, leafNode] of others.entries()) flat.addLeaf(at === 0 ? withBrokenSignature(leafNode) : leafNode)
    return flat
  }),
])

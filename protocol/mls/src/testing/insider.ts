import { unwatched } from "@qpc/crypto/conformance"
import type { ContentWireFormat } from "../authenticated-content.ts"
import type { Commit, ProposalOrRef } from "../commit.ts"
import { speakerOf } from "../create-commit.ts"
import { createPath } from "../create-path.ts"
import type { PathParameters } from "../create-path.ts"
import type { ContentBody } from "../framed-content.ts"
import type { GroupState } from "../group-state.ts"
import { signKeyPackage } from "../key-package.ts"
import type { KeyPackage } from "../key-package.ts"
import { signLeafNode } from "../leaf-node.ts"
import type { LeafNode, LeafNodeContent } from "../leaf-node.ts"
import { decodeMlsMessage } from "../mls-message.ts"
import { provisionalContext } from "../next-epoch.ts"
import type { Proposal } from "../proposal.ts"
import type { PublicMessage } from "../public-message.ts"
import { protect, signBody } from "../send.ts"
import type { SignedContent, Speaker } from "../send.ts"
import type { UpdatePath } from "../update-path.ts"
import type { Party } from "./party.ts"

const NO_DATA = new Uint8Array(0)

/** How a member deviates when it frames, signs and seals something. */
export interface Deviation {
  readonly wireFormat?: ContentWireFormat
  /** What it believes, in place of what it knows. */
  readonly insides?: Partial<GroupState>
  /** Signed as one thing, sent as another. */
  readonly sign?: (signed: SignedContent) => SignedContent
  /** Which voice it is sealed with, after it was signed. */
  readonly seal?: (speaker: Speaker) => Speaker
  readonly confirmationTag?: Uint8Array | undefined
  readonly authenticatedData?: Uint8Array
}

/** Whatever a member wants to say, signed and sealed as only members can. For tests only. */
export function craft(party: Party, by: string, body: ContentBody, deviation: Deviation = {}): Uint8Array {
  const speaker = speakerOf({ ...party.insidesOf(by), ...deviation.insides })
  const { wireFormat = "private_message", authenticatedData = NO_DATA } = deviation
  const honest = signBody(speaker, wireFormat, body, authenticatedData)
  const signed = deviation.sign?.(honest) ?? honest
  const tag = body.kind === "commit" ? new Uint8Array(party.suite.sizes.hashBytes) : undefined
  const confirmationTag = "confirmationTag" in deviation ? deviation.confirmationTag : tag
  const voice = deviation.seal?.(speaker) ?? speaker
  return unwatched("a malicious member keeps no count of its keys", () => {
    return protect(voice, signed, { signature: signed.signature, confirmationTag }, party)
  })
}

/** A commit of alice with whatever content; its confirmation tag is nonsense. For tests only. */
export function commitOf(
  party: Party,
  proposals: readonly (Proposal | Uint8Array)[],
  path: UpdatePath | undefined,
  deviation: Deviation = {},
): Uint8Array {
  const items = proposals.map((item): ProposalOrRef => {
    return item instanceof Uint8Array ? { kind: "reference", reference: item } : { kind: "proposal", proposal: item }
  })
  return craft(party, "alice", { kind: "commit", commit: { proposals: items, path } }, deviation)
}

/** A path of a member for the tree as it is. For tests only. */
export function pathOf(party: Party, by = "alice", changes: Partial<PathParameters> = {}): UpdatePath {
  const { epoch, signaturePrivateKey } = party.insidesOf(by)
  const leaf = leafOf(party, by)
  return createPath({
    tree: epoch.tree.fork(),
    keys: epoch.keys,
    groupId: epoch.context.groupId,
    leaf,
    signaturePrivateKey,
    added: new Set(),
    groupContext: (treeHash) => provisionalContext(epoch.context, treeHash, epoch.context.extensions),
    random: party.random,
    ...changes,
  }).updatePath
}

/** The same path with another leaf, signed by the committer. For tests only. */
export function withLeaf(party: Party, path: UpdatePath, changes: Partial<LeafNodeContent>, by = "alice"): UpdatePath {
  const { epoch, signaturePrivateKey } = party.insidesOf(by)
  const place = { groupId: epoch.context.groupId, leafIndex: epoch.keys.leafIndex }
  return { ...path, leafNode: signLeafNode(party.suite, signaturePrivateKey, { ...path.leafNode, ...changes }, place) }
}

/** A member's leaf in the current tree. For tests only. */
export function leafOf(party: Party, name: string): LeafNode {
  const { epoch } = party.insidesOf(name)
  const leaf = epoch.tree.leaf(epoch.keys.leafIndex)
  if (leaf === undefined) throw new Error("no leaf")
  return leaf
}

/** An Add of a key package whose leaf or whole deviates, signed by its owner in the end. For tests only. */
export function addOf(
  party: Party,
  name: string,
  changes: {
    readonly leaf?: Partial<LeafNodeContent>
    readonly whole?: Partial<KeyPackage>
    readonly signer?: string
  } = {},
): Proposal {
  const { suite } = party
  const { privateKey } = party.keysOf(changes.signer ?? name)
  const { decoded } = party.keyPackage(name, { grease: "none" })
  const leafNode = signLeafNode(suite, privateKey, { ...decoded.leafNode, ...changes.leaf })
  return { kind: "add", keyPackage: signKeyPackage(suite, privateKey, { ...decoded, leafNode, ...changes.whole }) }
}

/** An Update of a member, as it wants it. For tests only. */
export function updateOf(
  party: Party,
  by: string,
  changes: Partial<LeafNodeContent> = {},
  place: { readonly groupId?: Uint8Array; readonly leafIndex?: number; readonly signer?: string } = {},
): Proposal {
  const { suite } = party
  const { epoch } = party.insidesOf(by)
  const fresh = suite.kemKeyPair(party.random(suite.sizes.kemSeedBytes)).publicKey
  const content = {
    ...leafOf(party, by),
    encryptionKey: fresh,
    leafNodeSource: { kind: "update" } as const,
    ...changes,
  }
  const { privateKey } = party.keysOf(place.signer ?? by)
  const where = { groupId: place.groupId ?? epoch.context.groupId, leafIndex: place.leafIndex ?? epoch.keys.leafIndex }
  return { kind: "update", leafNode: signLeafNode(suite, privateKey, content, where) }
}

/** What a public message says. For tests only. */
export function publicIn(bytes: Uint8Array): PublicMessage {
  const message = decodeMlsMessage(bytes)
  if (message.kind !== "public_message") throw new Error(message.kind)
  return message.message
}

/** The commit in a public message. For tests only. */
export function commitIn(bytes: Uint8Array): Commit {
  const { body } = publicIn(bytes).content
  if (body.kind !== "commit") throw new Error(body.kind)
  return body.commit
}

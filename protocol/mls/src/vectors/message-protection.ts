import type { CipherSuite } from "@qpc/crypto"
import { encode, fromHex, toHex, toUtf8 } from "@qpc/wire"
import { decodeCommit } from "../commit.ts"
import type { ContentBody } from "../framed-content.ts"
import { makeGroupContext } from "../group-context.ts"
import { DEFAULT_LIMITS } from "../limits.ts"
import { decodeMlsMessage } from "../mls-message.ts"
import { decodeProposal } from "../proposal.ts"
import { SecretTree } from "../secret-tree.ts"
import { protect, signBody } from "../send.ts"
import type { Protection, Speaker } from "../send.ts"
import { openMemberPublic, openPrivate } from "../unprotect.ts"
import { expectHex, expectTrue } from "./expect.ts"
import { privateKeyOf } from "./private-key.ts"

type Fields<Names extends string> = Readonly<Record<Names, string>>

/** A case of message-protection.json. */
export type MessageProtectionCase = {
  readonly cipher_suite: number
  readonly epoch: number
} & Fields<
  | "group_id"
  | "tree_hash"
  | "confirmed_transcript_hash"
  | "signature_priv"
  | "signature_pub"
  | "encryption_secret"
  | "sender_data_secret"
  | "membership_key"
  | "proposal"
  | "proposal_pub"
  | "proposal_priv"
  | "commit"
  | "commit_pub"
  | "commit_priv"
  | "application"
  | "application_priv"
>

const SENDER = 1
const PROTECTION: Protection = {
  random: (lengthBytes) => new Uint8Array(lengthBytes).fill(7),
  paddedBytes: (contentBytes) => contentBytes + 32,
}

/** RFC 9420 §6: public and private messages, others' and ours. */
export function checkMessageProtection(vector: MessageProtectionCase, suite: CipherSuite): void {
  const proposal = { kind: "proposal", proposal: decodeProposal(fromHex(vector.proposal)) } as const
  const commit = { kind: "commit", commit: decodeCommit(fromHex(vector.commit)) } as const
  const application = { kind: "application", data: fromHex(vector.application) } as const
  checkPublic(vector, suite, vector.proposal, vector.proposal_pub)
  checkPublic(vector, suite, vector.commit, vector.commit_pub)
  checkPrivate(vector, suite, vector.proposal, vector.proposal_priv)
  checkPrivate(vector, suite, vector.commit, vector.commit_priv)
  checkPrivate(vector, suite, vectorOf(application.data), vector.application_priv)
  // One for all of a case: its secret tree must not seal two messages under one key.
  const speaker = speakerOf(vector, suite)
  for (const [body, encoded] of [
    [proposal, vector.proposal],
    [commit, vector.commit],
  ] as const) {
    checkPublic(vector, suite, encoded, seal(speaker, body, "public_message"))
    checkPrivate(vector, suite, encoded, seal(speaker, body, "private_message"))
  }
  checkPrivate(vector, suite, vectorOf(application.data), seal(speaker, application, "private_message"))
  expectTrue("application messages are not sent unencrypted", isRefused(speaker, application))
}

function checkPublic(vector: MessageProtectionCase, suite: CipherSuite, body: string, message: string): void {
  const decoded = decodeMlsMessage(fromHex(message))
  if (decoded.kind !== "public_message") throw new Error(`the message is ${decoded.kind}`)
  const opened = openMemberPublic(listener(vector, suite), fromHex(vector.membership_key), decoded.message)
  if (typeof opened === "string") throw new Error(opened)
  expectHex("public content", opened.content.bodyEncoded, body)
}

function checkPrivate(vector: MessageProtectionCase, suite: CipherSuite, body: string, message: string): void {
  const decoded = decodeMlsMessage(fromHex(message))
  if (decoded.kind !== "private_message") throw new Error(`the message is ${decoded.kind}`)
  const opened = openPrivate(listener(vector, suite), decoded.message)
  if (typeof opened === "string") throw new Error(opened)
  expectHex("private content", opened.verified.content.bodyEncoded, body)
}

function seal(speaker: Speaker, body: ContentBody, wireFormat: "public_message" | "private_message"): string {
  const signed = signBody(speaker, wireFormat, body, new Uint8Array(0))
  // Any tag will do here: whether it is the right one is a question of the epoch, not of the protection.
  const confirmationTag = body.kind === "commit" ? speaker.suite.hash(toUtf8("tag")) : undefined
  return toHex(protect(speaker, signed, { signature: signed.signature, confirmationTag }, PROTECTION))
}

function isRefused(speaker: Speaker, body: ContentBody): boolean {
  try {
    seal(speaker, body, "public_message")
    return false
  } catch (error) {
    if (error instanceof TypeError) return true
    throw error
  }
}

function contextOf(vector: MessageProtectionCase, suite: CipherSuite): ReturnType<typeof makeGroupContext> {
  return makeGroupContext({
    cipherSuite: suite.id,
    groupId: fromHex(vector.group_id),
    epoch: BigInt(vector.epoch),
    treeHash: fromHex(vector.tree_hash),
    confirmedTranscriptHash: fromHex(vector.confirmed_transcript_hash),
    extensions: [],
  })
}

function speakerOf(vector: MessageProtectionCase, suite: CipherSuite): Speaker {
  return {
    suite,
    context: contextOf(vector, suite),
    secrets: {
      senderDataSecret: fromHex(vector.sender_data_secret),
      membershipKey: fromHex(vector.membership_key),
    },
    secretTree: SecretTree.create(suite, fromHex(vector.encryption_secret), 2),
    leafIndex: SENDER,
    signaturePrivateKey: privateKeyOf(vector.signature_priv, suite.sizes.signaturePrivateKeyBytes),
  }
}

function listener(vector: MessageProtectionCase, suite: CipherSuite): Parameters<typeof openPrivate>[0] {
  return {
    suite,
    groupContext: contextOf(vector, suite).encoded,
    senderDataSecret: fromHex(vector.sender_data_secret),
    secretTree: SecretTree.create(suite, fromHex(vector.encryption_secret), 2),
    ownLeafIndex: 0,
    limits: DEFAULT_LIMITS,
    signatureKeyOf: (leafIndex) => (leafIndex === SENDER ? fromHex(vector.signature_pub) : undefined),
  }
}

/** `opaque application_data<V>`, as the content has it. */
function vectorOf(data: Uint8Array): string {
  return toHex(encode((writer) => writer.vector(data)))
}

import type { CipherSuite } from "@qpc/crypto"
import { fromHex } from "@qpc/wire"
import { decodeCommit, encodeCommit } from "../commit.ts"
import { decodeMlsMessage, encodeMlsMessage } from "../mls-message.ts"
import type { MlsMessage } from "../mls-message.ts"
import { PROPOSAL_TYPES, decodeProposal, encodeProposal } from "../proposal.ts"
import { decodeRatchetTree, encodeRatchetTree } from "../tree-codec.ts"
import { decodeGroupSecrets, encodeGroupSecrets } from "../welcome.ts"
import { expectHex, expectSame } from "./expect.ts"

type MessageField =
  | "mls_welcome"
  | "mls_group_info"
  | "mls_key_package"
  | "public_message_application"
  | "public_message_proposal"
  | "public_message_commit"
  | "private_message"

type ProposalField =
  | "add_proposal"
  | "update_proposal"
  | "remove_proposal"
  | "pre_shared_key_proposal"
  | "re_init_proposal"
  | "external_init_proposal"
  | "group_context_extensions_proposal"

const MESSAGES: Readonly<Record<MessageField, MlsMessage["kind"]>> = {
  mls_welcome: "welcome",
  mls_group_info: "group_info",
  mls_key_package: "key_package",
  public_message_application: "public_message",
  public_message_proposal: "public_message",
  public_message_commit: "public_message",
  private_message: "private_message",
}

const PROPOSALS: Readonly<Record<ProposalField, keyof typeof PROPOSAL_TYPES>> = {
  add_proposal: "add",
  update_proposal: "update",
  remove_proposal: "remove",
  pre_shared_key_proposal: "psk",
  re_init_proposal: "reinit",
  external_init_proposal: "external_init",
  group_context_extensions_proposal: "group_context_extensions",
}

/** A case of messages.json. */
export type MessagesCase = Readonly<
  Record<MessageField | ProposalField | "ratchet_tree" | "group_secrets" | "commit", string>
>

/** RFC 9420 §6, §12: every structure reads back as it was written. */
export function checkMessages(vector: MessagesCase, suite: CipherSuite): void {
  for (const [field, kind] of Object.entries(MESSAGES) as [MessageField, MlsMessage["kind"]][]) {
    const message = decodeMlsMessage(fromHex(vector[field]))
    expectSame(`kind of ${field}`, message.kind, kind)
    expectHex(field, encodeMlsMessage(message), vector[field])
  }
  for (const [field, kind] of Object.entries(PROPOSALS) as [ProposalField, keyof typeof PROPOSAL_TYPES][]) {
    // The file has what follows the type: Add, Update, … instead of Proposal.
    const encoded = PROPOSAL_TYPES[kind].toString(16).padStart(4, "0") + vector[field]
    const proposal = decodeProposal(fromHex(encoded))
    expectSame(`kind of ${field}`, proposal.kind, kind)
    expectHex(field, encodeProposal(proposal), encoded)
  }
  expectHex("commit", encodeCommit(decodeCommit(fromHex(vector.commit))), vector.commit)
  const tree = decodeRatchetTree(fromHex(vector.ratchet_tree), suite)
  expectHex("ratchet_tree", encodeRatchetTree(tree), vector.ratchet_tree)
  const secrets = decodeGroupSecrets(fromHex(vector.group_secrets))
  expectHex("group_secrets", encodeGroupSecrets(secrets), vector.group_secrets)
}

import { toUtf8 } from "@qpc/wire"
import type { ContentBody } from "../framed-content.ts"
import { frameContent } from "../framed-content.ts"
import { decodeMlsMessage, encodeMlsMessage } from "../mls-message.ts"
import type { PrivateMessage } from "../private-message.ts"
import { playAttacks } from "../testing/attack.ts"
import { commitIn, craft, publicIn } from "../testing/insider.ts"
import type { Deviation } from "../testing/insider.ts"
import type { Party } from "../testing/party.ts"

const NO_DATA = new Uint8Array(0)
const text: ContentBody = { kind: "application", data: toUtf8("text") }
const emptyCommit: ContentBody = { kind: "commit", commit: { proposals: [], path: undefined } }

/** A public commit of alice that everybody would follow. */
const honestCommit = (party: Party): Uint8Array => party.stage("alice", { wireFormat: "public" }).commit

/** An honest text of alice with parts exchanged by somebody on the way. */
function tampered(party: Party, change: (message: PrivateMessage) => Partial<PrivateMessage>): Uint8Array {
  const sent = decodeMlsMessage(party.say("alice", "hello"))
  if (sent.kind !== "private_message") throw new Error(sent.kind)
  return encodeMlsMessage({ kind: "private_message", message: { ...sent.message, ...change(sent.message) } })
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(0, (bytes[0] ?? 0) ^ 1)

/** The honest commit, its content exchanged behind the back of its signature and its tag. */
function withContent(bytes: Uint8Array, changes: { readonly leafIndex?: number }): Uint8Array {
  const message = publicIn(bytes)
  const { groupId, epoch, authenticatedData, body } = message.content
  const sender = { kind: "member", leafIndex: changes.leafIndex ?? 0 } as const
  const content = frameContent({ groupId, epoch, sender, authenticatedData }, body)
  return encodeMlsMessage({ kind: "public_message", message: { ...message, content } })
}

const withoutMembershipKey: Deviation["seal"] = (speaker) => {
  return { ...speaker, secrets: { ...speaker.secrets, membershipKey: new Uint8Array(32) } }
}

const asNobody: Deviation["sign"] = (signed) => {
  const sender = { kind: "member", leafIndex: 77 } as const
  return { ...signed, content: frameContent({ ...signed.content, sender }, signed.content.body) }
}

const asText: Deviation["sign"] = (signed) => ({ ...signed, content: frameContent(signed.content, text) })

playAttacks("a forged message", [
  {
    title: "a member speaking in another's name",
    reason: "bad_signature",
    make: (party) => craft(party, "alice", text, { seal: (speaker) => ({ ...speaker, leafIndex: 2 }) }),
  },
  {
    title: "a member speaking in the name of the one it speaks to",
    reason: "own_message",
    make: (party) => craft(party, "alice", text, { seal: (speaker) => ({ ...speaker, leafIndex: 1 }) }),
  },
  {
    title: "a member speaking as a leaf where nobody is",
    reason: "unknown_sender",
    make: (party) => craft(party, "alice", text, { seal: (speaker) => ({ ...speaker, leafIndex: 3 }) }),
    names: ["alice", "bob", "dave"],
  },
  {
    title: "a text signed with another key",
    reason: "bad_signature",
    make: (party) =>
      craft(party, "alice", text, { insides: { signaturePrivateKey: party.keysOf("mallory").privateKey } }),
  },
  {
    title: "a public commit signed with another key",
    reason: "bad_signature",
    make: (party) => {
      const insides = { signaturePrivateKey: party.keysOf("mallory").privateKey }
      return craft(party, "alice", emptyCommit, { wireFormat: "public_message", insides })
    },
  },
  {
    title: "a text whose signature was made for a public message",
    reason: "bad_signature",
    make: (party) => {
      const commit = honestCommit(party)
      const { signature } = publicIn(commit).auth
      return craft(
        party,
        "alice",
        { kind: "commit", commit: commitIn(commit) },
        { sign: (signed) => ({ ...signed, signature }) },
      )
    },
  },
  {
    title: "a text whose signature covers another group context",
    reason: "bad_signature",
    make: (party) => {
      const { epoch } = party.insidesOf("alice")
      const context = { ...epoch.context, encoded: flipped(epoch.context.encoded) }
      return craft(party, "alice", text, { insides: { epoch: { ...epoch, context } } })
    },
  },
  {
    title: "an empty signature",
    reason: "bad_signature",
    make: (party) => craft(party, "alice", text, { sign: (signed) => ({ ...signed, signature: NO_DATA }) }),
  },
  {
    title: "a public commit with another membership tag",
    reason: "bad_membership_tag",
    make: (party) => {
      const message = { ...publicIn(honestCommit(party)), membershipTag: new Uint8Array(32) }
      return encodeMlsMessage({ kind: "public_message", message })
    },
  },
  {
    title: "a public commit by someone who does not have the membership key",
    reason: "bad_membership_tag",
    make: (party) => {
      return craft(party, "alice", emptyCommit, { wireFormat: "public_message", seal: withoutMembershipKey })
    },
  },
  {
    title: "a public commit in the name of another member",
    reason: "bad_membership_tag",
    make: (party) => withContent(honestCommit(party), { leafIndex: 2 }),
  },
  {
    title: "a public commit in the name of a leaf where nobody is",
    reason: "unknown_sender",
    make: (party) => {
      return craft(party, "alice", emptyCommit, { wireFormat: "public_message", sign: asNobody })
    },
  },
  {
    title: "an application message in public",
    reason: "application_not_encrypted",
    make: (party) => {
      const deviation = { wireFormat: "public_message", sign: asText, confirmationTag: undefined } as const
      return craft(party, "alice", emptyCommit, deviation)
    },
  },
  {
    title: "a text that carries something in its padding",
    reason: "malformed",
    make: (party) => craft(party, "alice", text, { confirmationTag: Uint8Array.of(1) }),
  },
])

playAttacks("a message changed on its way", [
  {
    title: "a flipped bit of the ciphertext",
    reason: "decrypt_failed",
    make: (party) => tampered(party, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext) })),
  },
  {
    title: "a flipped last bit, in the tag",
    reason: "decrypt_failed",
    make: (party) =>
      tampered(party, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext.toReversed()).toReversed() })),
  },
  {
    title: "a flipped bit of the sender data",
    reason: "decrypt_failed",
    make: (party) => tampered(party, (sent) => ({ encryptedSenderData: flipped(sent.encryptedSenderData) })),
  },
  {
    title: "a flipped bit of the authenticated data",
    reason: "decrypt_failed",
    make: (party) => tampered(party, () => ({ authenticatedData: Uint8Array.of(1) })),
  },
  {
    title: "a text that says to be a commit",
    reason: "decrypt_failed",
    make: (party) => tampered(party, () => ({ contentType: "commit" })),
  },
  {
    title: "the ciphertext of one text behind the sender data of another",
    reason: "decrypt_failed",
    make: (party) => {
      const other = decodeMlsMessage(party.say("alice", "other"))
      if (other.kind !== "private_message") throw new Error(other.kind)
      return tampered(party, () => ({ ciphertext: other.message.ciphertext }))
    },
  },
  {
    title: "an empty ciphertext",
    reason: "decrypt_failed",
    make: (party) => tampered(party, () => ({ ciphertext: NO_DATA })),
  },
  {
    title: "a text carried into another group",
    reason: "unknown_group",
    make: (party) => tampered(party, ({ groupId }) => ({ groupId: flipped(groupId) })),
  },
  {
    title: "a text dated into an epoch to come",
    reason: "epoch_ahead",
    make: (party) => tampered(party, ({ epoch }) => ({ epoch: epoch + 1n })),
  },
  {
    title: "a text dated into an epoch that is over",
    reason: "decrypt_failed",
    make: (party) => {
      const message = tampered(party, ({ epoch }) => ({ epoch }))
      party.commit("carol")
      const parts = decodeMlsMessage(message)
      if (parts.kind !== "private_message") throw new Error(parts.kind)
      return tampered(party, () => ({ epoch: parts.message.epoch }))
    },
  },
])

playAttacks("a message that comes again, too late or too early", [
  {
    title: "a replayed text",
    reason: "key_consumed",
    make: (party) => {
      const message = party.say("alice", "hello")
      party.hear("bob", message)
      return message
    },
  },
  {
    title: "a text replayed after a restart",
    reason: "key_consumed",
    make: (party) => {
      const message = party.say("alice", "hello")
      party.hear("bob", message)
      party.restart("bob")
      return message
    },
  },
  {
    title: "a text replayed in the next epoch",
    reason: "key_consumed",
    make: (party) => {
      const message = party.say("alice", "hello")
      party.hear("bob", message)
      party.commit("carol")
      return message
    },
  },
  {
    title: "a second text under a key that was used",
    reason: "key_consumed",
    make: (party) => {
      const second = craft(party, "alice", text)
      party.hear("bob", party.say("alice", "first"))
      return second
    },
  },
  {
    title: "a text from before the window",
    reason: "key_consumed",
    make: (party) => {
      const [first = NO_DATA, ...others] = Array.from({ length: 4 }, (_, at) => party.say("alice", String(at)))
      party.hear("bob", others.at(-1) ?? NO_DATA)
      return first
    },
    settings: { limits: { outOfOrderGenerations: 2 } },
  },
  {
    title: "a text too far ahead",
    reason: "generation_too_far",
    make: (party) => Array.from({ length: 5 }, (_, at) => party.say("alice", String(at))).at(-1) ?? NO_DATA,
    settings: { limits: { maxForwardGenerations: 3 } },
  },
  {
    title: "a flood of texts far ahead that do not open",
    reason: "derivations_spent",
    make: (party) => {
      for (let at = 0; at < 8; at++) party.say("alice", String(at))
      const insides = { signaturePrivateKey: party.keysOf("mallory").privateKey }
      party.hear("bob", craft(party, "alice", text, { insides }))
      return craft(party, "alice", text, { insides })
    },
    settings: { limits: { outOfOrderGenerations: 2, refusedDerivations: 10 } },
  },
  {
    title: "a text of an epoch whose keys are deleted",
    reason: "epoch_passed",
    make: (party) => {
      const message = party.say("alice", "hello")
      for (const _ of [1, 2]) party.commit("carol")
      return message
    },
    settings: { limits: { pastEpochs: 1 } },
  },
  {
    title: "a proposal of a past epoch",
    reason: "epoch_passed",
    make: (party) => {
      const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
      const proposed = party.group("alice").propose({ kind: "update" }, options)
      if (proposed.kind === "refused") throw new Error(proposed.reason)
      party.commit("carol", { includeQueuedProposals: false })
      return proposed.message
    },
    settings: { policy: { proposals: true } },
  },
  {
    title: "a text of a member who was removed, in the epoch that removed it",
    reason: "epoch_ahead",
    make: (party) => {
      const { epoch } = party.insidesOf("dave")
      const context = { ...epoch.context, epoch: epoch.context.epoch + 2n }
      const message = craft(party, "dave", text, { insides: { epoch: { ...epoch, context } } })
      party.commit("alice", { removes: [3] })
      return message
    },
  },
  {
    title: "a text of a member who was removed, with the keys it had",
    reason: "decrypt_failed",
    make: (party) => {
      const { epoch } = party.insidesOf("dave")
      const context = { ...epoch.context, epoch: epoch.context.epoch + 1n }
      const message = craft(party, "dave", text, { insides: { epoch: { ...epoch, context } } })
      party.commit("alice", { removes: [3] })
      return message
    },
  },
  {
    title: "a public commit of a member who was removed",
    reason: "bad_membership_tag",
    make: (party) => {
      const { epoch } = party.insidesOf("dave")
      const context = { ...epoch.context, epoch: epoch.context.epoch + 1n }
      const insides = { epoch: { ...epoch, context } }
      const message = craft(party, "dave", emptyCommit, { wireFormat: "public_message", insides })
      party.commit("alice", { removes: [3] })
      return message
    },
  },
])

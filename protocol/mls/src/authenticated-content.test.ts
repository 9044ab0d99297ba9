import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  decodeAuthenticatedContent,
  encodeAuthenticatedContent,
  membershipTag,
  membershipTagIsValid,
  proposalRef,
  signContent,
  verifyContent,
} from "./authenticated-content.ts"
import type { AuthenticatedContent, ContentWireFormat } from "./authenticated-content.ts"
import { frameContent } from "./framed-content.ts"
import type { ContentAuth, ContentBody, FramedContent, Sender } from "./framed-content.ts"
import { countedRandom } from "./testing/counted-random.ts"

const random = countedRandom(suite, "authenticated content")
const signer = suite.signatureKeyPair(random(32))
const groupContext = random(40)
const vector = (bytes: Uint8Array): Uint8Array => encode((writer) => writer.vector(bytes))
const FORMATS = [
  ["public_message", 1],
  ["private_message", 2],
] as const
const member: Sender = { kind: "member", leafIndex: 3 }
const text: ContentBody = { kind: "application", data: toUtf8("text") }
const commit: ContentBody = { kind: "commit", commit: { proposals: [], path: undefined } }

function contentFrom(sender: Sender, body: ContentBody = text): FramedContent {
  return frameContent({ groupId: toUtf8("group"), epoch: 5n, sender, authenticatedData: toUtf8("data") }, body)
}

function signed(wireFormat: ContentWireFormat, content: FramedContent): AuthenticatedContent {
  const signature = signContent(suite, signer.privateKey, wireFormat, content, groupContext)
  return { wireFormat, content, auth: { signature, confirmationTag: undefined } }
}

function isVerified(authenticated: AuthenticatedContent, context = groupContext, key = signer.publicKey): boolean {
  return verifyContent(suite, key, authenticated, context) !== undefined
}

describe("the signature of content", () => {
  it.each(FORMATS)("covers version, wire format, content and epoch (RFC 9420 §6.1): %s", (wireFormat, code) => {
    const content = contentFrom(member)
    const { signature } = signed(wireFormat, content).auth
    const toBeSigned = concatBytes(Uint8Array.of(0, 1, 0, code), content.encoded, groupContext)
    const labelled = concatBytes(vector(toUtf8("MLS 1.0 FramedContentTBS")), vector(toBeSigned))
    expect(suite.verify(signer.publicKey, labelled, signature)).toBe(true)
  })

  it("of somebody outside covers no epoch, which they cannot know (RFC 9420 §6.1)", () => {
    const content = contentFrom({ kind: "external", senderIndex: 3 })
    const { signature } = signed("public_message", content).auth
    const toBeSigned = concatBytes(Uint8Array.of(0, 1, 0, 1), content.encoded)
    const labelled = concatBytes(vector(toUtf8("MLS 1.0 FramedContentTBS")), vector(toBeSigned))
    expect(suite.verify(signer.publicKey, labelled, signature)).toBe(true)
  })

  it("is believed for what was signed, as it was sent, by whoever it is from", () => {
    const authenticated = signed("private_message", contentFrom(member))
    expect(verifyContent(suite, signer.publicKey, authenticated, groupContext)).toBe(authenticated)
    expect(isVerified({ ...authenticated, wireFormat: "public_message" })).toBe(false)
    expect(isVerified({ ...authenticated, content: contentFrom({ kind: "member", leafIndex: 4 }) })).toBe(false)
    expect(isVerified(authenticated, groupContext, suite.signatureKeyPair(random(32)).publicKey)).toBe(false)
  })

  it.each<[Sender, boolean]>([
    [member, true],
    [{ kind: "new_member_commit" }, true],
    [{ kind: "external", senderIndex: 3 }, false],
    [{ kind: "new_member_proposal" }, false],
  ])("is for one epoch of one group only from who can know it: $kind", (sender, isBound) => {
    const authenticated = signed("public_message", contentFrom(sender))
    expect(isVerified(authenticated)).toBe(true)
    expect(isVerified(authenticated, random(40))).toBe(!isBound)
  })
})

describe("a membership tag", () => {
  const key = random(32)
  const content = contentFrom(member, commit)
  const auth: ContentAuth = { signature: random(64), confirmationTag: random(32) }
  const tag = membershipTag(suite, key, content, auth, groupContext)

  it("covers what is signed, signature and confirmation tag (RFC 9420 §6.2)", () => {
    const toBeSigned = concatBytes(Uint8Array.of(0, 1, 0, 1), content.encoded, groupContext)
    expect(tag).toEqual(suite.mac(key, concatBytes(toBeSigned, vector(auth.signature), vector(auth.confirmationTag!))))
  })

  it("is valid for that alone", () => {
    const isValid = (changes: object, membershipKey = key): boolean => {
      return membershipTagIsValid(suite, membershipKey, { content, auth, membershipTag: tag, ...changes }, groupContext)
    }
    expect(isValid({})).toBe(true)
    expect(isValid({}, random(32))).toBe(false)
    expect(isValid({ membershipTag: tag.with(0, tag[0]! ^ 1) })).toBe(false)
    expect(isValid({ auth: { ...auth, signature: random(64) } })).toBe(false)
  })
})

describe("authenticated content", () => {
  const auth: ContentAuth = { signature: random(64), confirmationTag: undefined }

  it.each(FORMATS)("begins with how it was sent, and is read back: %s", (wireFormat, code) => {
    const authenticated = { wireFormat, content: contentFrom(member), auth }
    const encoded = encodeAuthenticatedContent(authenticated)
    expect(encoded).toEqual(concatBytes(Uint8Array.of(0, code), authenticated.content.encoded, vector(auth.signature)))
    expect(decodeAuthenticatedContent(encoded)).toEqual(authenticated)
  })

  it("has a confirmation tag on commits", () => {
    const confirmed = { ...auth, confirmationTag: random(32) }
    const authenticated = {
      wireFormat: "public_message",
      content: contentFrom(member, commit),
      auth: confirmed,
    } as const
    expect(decodeAuthenticatedContent(encodeAuthenticatedContent(authenticated))).toEqual(authenticated)
  })

  it("was sent in no other way", () => {
    const encoded = encodeAuthenticatedContent({ wireFormat: "public_message", content: contentFrom(member), auth })
    const refused = expect.objectContaining({ code: "reserved_value", offset: 0 })
    for (const wireFormat of [0, 3]) {
      expect(() => decodeAuthenticatedContent(encoded.with(1, wireFormat))).toThrow(refused)
    }
  })

  it("names a proposal by the hash of all its bytes (RFC 9420 §5.2)", () => {
    const proposed = { wireFormat: "public_message", content: contentFrom(member), auth } as const
    const label = toUtf8("MLS 1.0 Proposal Reference")
    const named = concatBytes(vector(label), vector(encodeAuthenticatedContent(proposed)))
    expect(proposalRef(suite, proposed)).toEqual(suite.hash(named))
  })
})

import { nodeRandom as random, suite0001 as suite } from "@qpc/crypto/node"
import type { KeyPair } from "@qpc/crypto"
import { createKeyPackage, Group, validateKeyPackage } from "@qpc/mls"
import type { Credential } from "@qpc/mls"
import { fromUtf8, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { testCertificate } from "./certificates.ts"
import type { TestCertificate } from "./certificates.ts"
import { x509Validator } from "./x509-validator.ts"

const authenticatedData = new Uint8Array(0)
const NOW_MS = 1_800_000_000_000
const DAY_MS = 86_400_000
const newKeys = (): KeyPair => suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
const [rootKeys, officeKeys, strangerKeys] = [newKeys(), newKeys(), newKeys()]

const certificate = (about: Partial<TestCertificate> & Pick<TestCertificate, "subject" | "publicKey">): Uint8Array =>
  testCertificate({
    issuer: "office",
    signer: officeKeys,
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + DAY_MS,
    ...about,
  })
const authority = { isAuthority: true, issuer: "root", signer: rootKeys }
const root = certificate({ ...authority, subject: "root", publicKey: rootKeys.publicKey })
const office = certificate({ ...authority, subject: "office", publicKey: officeKeys.publicKey })
const validator = x509Validator([root])

/** A chain for a key, by the office that the root certifies. */
function chainFor(subject: string, publicKey: Uint8Array, changes: Partial<TestCertificate> = {}): Credential {
  return { kind: "x509", certificates: [certificate({ subject, publicKey, ...changes }), office] }
}

const policy = { credentialValidator: validator, externalCommits: true }
const sending = { authenticatedData, random, nowMs: NOW_MS }

/** Alice and bob, who have certificates. */
function certifiedGroup(): readonly [alice: Group, bob: Group] {
  const [aliceKeys, bobKeys] = [newKeys(), newKeys()]
  const about = { suite, random, nowMs: NOW_MS, policy }
  const credential = chainFor("alice", aliceKeys.publicKey)
  const alice = Group.create({ ...about, groupId: random(16), signatureKeys: aliceKeys, credential })
  const bobs = { signatureKeys: bobKeys, credential: chainFor("bob", bobKeys.publicKey), lifetimeMs: DAY_MS }
  const bundle = createKeyPackage({ ...about, ...bobs })
  const added = alice.stageCommit({ ...sending, adds: [bundle.keyPackage] })
  if (added.kind === "refused") throw new Error(added.reason)
  alice.merge(added.staged)
  const { welcome = authenticatedData } = added
  const joined = Group.join({ ...about, welcome, bundles: [bundle], signatureKeys: bobKeys })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  return [alice, joined.group]
}

/** What becomes of a commit by which alice takes a new key, with a certificate for it. */
function renewal(alice: Group, name: string): ReturnType<Group["stageCommit"]> {
  const newSignatureKeys = newKeys()
  return alice.stageCommit({ ...sending, newSignatureKeys, newCredential: chainFor(name, newSignatureKeys.publicKey) })
}

/** What becomes of an external commit that replaces bob. */
function resync(alice: Group, name: string): string {
  const { groupInfo } = alice.groupInfo({ externalPub: true })
  const signatureKeys = newKeys()
  const about = { suite, groupInfo, policy, ...sending, signatureKeys }
  const credential = chainFor(name, signatureKeys.publicKey)
  const joined = Group.joinExternally({ ...about, credential, replaces: ({ leafIndex }) => leafIndex === 1 })
  return joined.kind === "rejected" ? joined.reason : alice.receive(joined.commit, NOW_MS).kind
}

describe("members with X.509 chains", () => {
  it("add each other, talk, and renew certificate and key", () => {
    const [alice, bob] = certifiedGroup()
    const renewed = renewal(alice, "alice")
    if (renewed.kind === "refused") throw new Error(renewed.reason)
    const followed = bob.receive(renewed.commit, NOW_MS)
    if (followed.kind !== "commit") throw new Error(followed.kind)
    alice.merge(renewed.staged)
    bob.merge(followed.staged)
    expect(bob.member(0)).toEqual(alice.member(0))
    const heard = bob.receive(alice.protect(toUtf8("renewed"), sending), NOW_MS)
    expect(heard.kind === "application" && fromUtf8(heard.plaintext)).toBe("renewed")
  })

  it("do not become somebody else, even with a genuine certificate", () => {
    const [alice] = certifiedGroup()
    expect(renewal(alice, "bob")).toEqual({ kind: "refused", reason: "credential_not_successor" })
  })

  it("come back by an external commit as themselves, and as nobody else", () => {
    const [alice] = certifiedGroup()
    expect([resync(alice, "mallory"), resync(alice, "bob")]).toEqual(["credential_not_successor", "commit"])
  })
})

describe("a chain", () => {
  const keys = newKeys()
  const verdict = (credential: Credential, nowMs = NOW_MS): unknown => {
    const lifetimeMs = 30 * DAY_MS
    const { keyPackage } = createKeyPackage({ suite, random, signatureKeys: keys, credential, nowMs, lifetimeMs })
    const outcome = validateKeyPackage(suite, keyPackage, nowMs, { credentialValidator: validator })
    return outcome.kind === "valid" ? outcome.kind : outcome.reason
  }

  it("is valid up to a trusted root", () => {
    expect(verdict(chainFor("carol", keys.publicKey))).toBe("valid")
  })

  it.each([
    ["credential_key_mismatch", chainFor("carol", strangerKeys.publicKey)],
    ["credential_untrusted", chainFor("carol", keys.publicKey, { signer: strangerKeys })],
    [
      "credential_untrusted",
      { kind: "x509", certificates: [certificate({ subject: "carol", publicKey: keys.publicKey })] },
    ],
    ["credential_malformed", { kind: "x509", certificates: [] }],
    ["credential_malformed", { kind: "x509", certificates: [Uint8Array.of(1)] }],
    ["credential_type_unsupported", { kind: "basic", identity: authenticatedData }],
    ["credential_type_unsupported", { kind: "unknown", type: 0xf001, body: authenticatedData }],
  ] as const)("is refused: %s", (reason, credential) => {
    expect(verdict(credential)).toBe(reason)
  })

  it("is refused if somebody who is no authority issued it", () => {
    const byAlice = chainFor("carol", keys.publicKey, { issuer: "alice", signer: strangerKeys })
    const alice = certificate({ subject: "alice", publicKey: strangerKeys.publicKey })
    if (byAlice.kind !== "x509") throw new Error(byAlice.kind)
    const [leaf] = byAlice.certificates
    expect(verdict({ kind: "x509", certificates: [leaf!, alice, office] })).toBe("credential_untrusted")
  })

  it("is refused before and after its time", () => {
    const chain = chainFor("carol", keys.publicKey)
    expect([-3, 3].map((days) => verdict(chain, NOW_MS + days * DAY_MS))).toEqual([
      "credential_expired",
      "credential_expired",
    ])
  })
})

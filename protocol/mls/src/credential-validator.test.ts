import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Credential } from "./credential.ts"
import type { CredentialValidator, PresentedCredential } from "./credential-validator.ts"
import { Group } from "./group.ts"
import { inspectGroupInfo } from "./inspect-group-info.ts"
import { playAttacks } from "./testing/attack.ts"
import { craft, commitOf, leafOf, pathOf, updateOf, withLeaf } from "./testing/insider.ts"
import { outsiders, sendersExtension } from "./testing/outsiders.ts"
import { outcomeOf, Party } from "./testing/party.ts"
import { validateKeyPackage } from "./validate-key-package.ts"

const NO_DATA = new Uint8Array(0)
const named = (name: string): Credential => ({ kind: "basic", identity: toUtf8(name) })
const refuseMallory: CredentialValidator = ({ credential, predecessor }) => {
  if (credential.kind !== "basic") return "credential_type_unsupported"
  if (new TextDecoder().decode(credential.identity).startsWith("mallory")) return "credential_not_acceptable"
  return predecessor === undefined || credential.identity.length === 5 ? undefined : "credential_not_successor"
}

/** A group in which everybody asks a validator, and what it was asked. */
function asked(
  seed: string,
  names: readonly string[],
): { readonly party: Party; readonly questions: PresentedCredential[] } {
  const questions: PresentedCredential[] = []
  const credentialValidator: CredentialValidator = (presented) => {
    questions.push(presented)
    return refuseMallory(presented)
  }
  const settings = { policy: { proposals: true, externalCommits: true, credentialValidator } }
  const party = names.length === 0 ? new Party(seed, settings) : Party.of(seed, names, settings)
  questions.length = 0
  return { party, questions }
}

const isBobs = ({ leafIndex }: { readonly leafIndex: number }): boolean => leafIndex === 1
const places = (questions: readonly PresentedCredential[]): string[] => questions.map(({ place }) => place)

describe("a credential validator", () => {
  it("is asked by whoever adds and by whoever follows, with the time", () => {
    const { party, questions } = asked("add", ["alice", "bob"])
    const { nowMs } = party
    party.commit("alice", { adds: [party.keyPackage("carol").keyPackage] })
    const signatureKey = party.keysOf("carol").publicKey
    const question = { credential: named("carol"), signatureKey, place: "add", predecessor: undefined, nowMs }
    expect(questions).toEqual([question, question])
  })

  it("is asked about the creator of a group, who else would find out from everybody else's refusal", () => {
    const { party, questions } = asked("creator", [])
    party.create("alice")
    const signatureKey = party.keysOf("alice").publicKey
    const nowMs = party.nowMs
    expect(questions).toEqual([
      { credential: named("alice"), signatureKey, place: "creator", predecessor: undefined, nowMs },
    ])
    expect(() => asked("refused", []).party.create("mallory")).toThrow("credential_not_acceptable")
  })

  it("is asked about everybody in a group that is joined or looked at", () => {
    const { party, questions } = asked("tree", ["alice", "bob"])
    const bundle = party.keyPackage("carol")
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    questions.length = 0
    party.join("carol", { welcome, bundles: [bundle], nowMs: 7 })
    const about = { place: "member", predecessor: undefined, nowMs: 7 }
    expect(questions).toMatchObject([
      { ...about, credential: named("alice"), signatureKey: party.keysOf("alice").publicKey },
      { ...about, credential: named("bob"), signatureKey: party.keysOf("bob").publicKey },
      { ...about, credential: named("carol"), signatureKey: party.keysOf("carol").publicKey },
    ])
    const { groupInfo } = party.group("alice").groupInfo()
    const policy = { credentialValidator: () => "credential_revoked" as const }
    expect(inspectGroupInfo({ suite: party.suite, groupInfo, policy })).toMatchObject({ reason: "credential_revoked" })
  })

  it("is asked about a new leaf with what it replaces, and not about one that stays who it was", () => {
    const { party, questions } = asked("successor", ["alice", "bob"])
    party.commit("alice")
    expect(questions).toEqual([])
    party.commit("alice", { newCredential: named("alina") })
    const predecessor = { credential: named("alice") }
    expect(questions).toMatchObject([0, 1].map(() => ({ place: "commit", credential: named("alina"), predecessor })))
  })

  it("is asked when a proposal comes, and again when it is committed", () => {
    const { party, questions } = asked("update", ["alice", "bob"])
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const proposed = party.group("bob").propose({ kind: "update", newCredential: named("bobby") }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    expect(party.hear("alice", proposed.message)).toBe("proposal")
    party.commit("alice")
    expect(places(questions)).toEqual(["update", "update", "update", "update"])
    expect(party.group("alice").member(1)).toMatchObject({ credential: named("bobby") })
  })

  it("is asked about new external senders only", () => {
    const { party, questions } = asked("senders", ["alice", "bob"])
    const extensions = [sendersExtension(party, "server")]
    party.commit("alice", { extensions })
    expect(places(questions)).toEqual(["external_sender", "external_sender"])
    party.commit("alice", { extensions })
    expect(questions).toHaveLength(2)
    expect(() => party.stage("alice", { extensions: [sendersExtension(party, "mallory")] })).toThrow(
      "credential_not_acceptable",
    )
  })

  it("is asked about whoever enters by an external commit, with whom they replace", () => {
    const { party, questions } = asked("external", ["alice", "bob"])
    const { suite, random } = party
    const { groupInfo } = party.group("alice").groupInfo({ externalPub: true })
    const about = { suite, groupInfo, random, credential: named("bobby"), authenticatedData: NO_DATA }
    const signatureKeys = party.keysOf("bobby")
    expect(Group.joinExternally({ ...about, signatureKeys, replaces: isBobs })).toMatchObject({
      reason: "credential_not_successor",
    })
    const policy = { credentialValidator: () => undefined }
    const joined = Group.joinExternally({ ...about, signatureKeys, replaces: isBobs, policy })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    expect(party.hear("alice", joined.commit)).toBe("commit")
    const predecessor = { credential: named("bob") }
    expect(questions).toMatchObject([{ place: "external_commit", credential: named("bobby"), predecessor }])
  })

  it("keeps our own commit from being made where others would refuse it", () => {
    const { party } = asked("own", ["alice", "bob"])
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const wanted = { kind: "update", newCredential: named("mallory") } as const
    const reason = "credential_not_acceptable"
    expect(party.group("alice").propose(wanted, options)).toEqual({ kind: "refused", reason })
    expect(party.group("alice").stageCommit({ ...options, ...wanted })).toEqual({ kind: "refused", reason })
    const { keyPackage } = party.keyPackage("mallory")
    expect(party.group("alice").propose({ kind: "add", keyPackage }, options)).toEqual({ kind: "refused", reason })
    expect(party.group("alice").stageCommit({ ...options, adds: [keyPackage] })).toEqual({ kind: "refused", reason })
    const validated = validateKeyPackage(party.suite, keyPackage, nowMs, { credentialValidator: refuseMallory })
    expect(validated).toEqual({ kind: "rejected", reason })
  })
})

describe("without a validator", () => {
  const x509 = { kind: "x509", certificates: [Uint8Array.of(1)] } as const
  const unknown = { kind: "unknown", type: 0xf001, body: Uint8Array.of(1, 2) } as const
  const credentials = { capabilities: { credentials: [1, 2, 0xf001] } }

  it.each([x509, unknown])("nobody is added with a credential of kind $kind", (credential) => {
    const party = Party.of("basic only", ["alice"], credentials)
    const { keyPackage } = party.keyPackage("bob", { credential })
    expect(() => party.stage("alice", { adds: [keyPackage] })).toThrow("credential_type_unsupported")
  })

  it("no group is believed in where nobody has a basic credential", () => {
    const policy = { credentialValidator: () => undefined }
    const party = Party.of("opaque alone", ["alice"], { ...credentials, policy })
    party.commit("alice", { newCredential: unknown })
    const { groupInfo } = party.group("alice").groupInfo()
    const { suite } = party
    expect(inspectGroupInfo({ suite, groupInfo, policy })).toMatchObject({ kind: "believed" })
    const reason = "credential_type_unsupported"
    expect(inspectGroupInfo({ suite, groupInfo })).toEqual({ kind: "rejected", reason })
  })

  it("a credential of a type of its own is carried as it is, once a validator accepts it", () => {
    const policy = { credentialValidator: () => undefined }
    const party = Party.of("opaque", ["alice"], { ...credentials, policy })
    const bundle = party.keyPackage("bob", { credential: unknown })
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    expect(party.join("bob", { welcome, bundles: [bundle] }).member(1)?.credential).toEqual(unknown)
    const trusting = { suite: party.suite, welcome, bundles: [bundle], signatureKeys: party.keysOf("bob") }
    expect(Group.join(trusting)).toEqual({ kind: "rejected", reason: "credential_type_unsupported" })
  })
})

const validated = { policy: { proposals: true, credentialValidator: refuseMallory } }

playAttacks("a credential that a validator refuses", [
  {
    title: "one in a key package that a commit adds",
    reason: "credential_not_acceptable",
    make: (party) => {
      const { decoded } = party.keyPackage("mallory")
      return commitOf(party, [{ kind: "add", keyPackage: decoded }], undefined)
    },
    settings: validated,
  },
  {
    title: "one in a proposed Add",
    reason: "credential_not_acceptable",
    make: (party) => {
      const proposal = { kind: "add", keyPackage: party.keyPackage("mallory").decoded } as const
      return craft(party, "carol", { kind: "proposal", proposal })
    },
    settings: validated,
  },
  {
    title: "one in the leaf of a path",
    reason: "credential_not_acceptable",
    make: (party) => commitOf(party, [], withLeaf(party, pathOf(party), { credential: named("mallory") })),
    settings: validated,
  },
  {
    title: "one in an Update",
    reason: "credential_not_acceptable",
    make: (party) => {
      const proposal = updateOf(party, "carol", { credential: named("mallory") })
      return craft(party, "carol", { kind: "proposal", proposal })
    },
    settings: validated,
  },
  {
    title: "one of an external sender",
    reason: "credential_not_acceptable",
    make: (party) => {
      const extensions = [sendersExtension(party, "mallory")]
      return commitOf(party, [{ kind: "group_context_extensions", extensions }], pathOf(party))
    },
    settings: validated,
  },
  {
    title: "one of an external sender in a proposal",
    reason: "credential_not_acceptable",
    make: (party) => {
      const proposal = { kind: "group_context_extensions", extensions: [sendersExtension(party, "mallory")] } as const
      return craft(party, "carol", { kind: "proposal", proposal })
    },
    settings: validated,
  },
  {
    title: "one that is no valid successor",
    reason: "credential_not_successor",
    make: (party) => commitOf(party, [], withLeaf(party, pathOf(party), { credential: named("a friend of alice") })),
    settings: validated,
  },
  {
    title: "another one than before, without a validator",
    reason: "credential_not_successor",
    make: (party) =>
      commitOf(party, [], withLeaf(party, pathOf(party), { credential: leafOf(party, "carol").credential })),
  },
])

describe("a custom proposal of nobody's", () => {
  it("is refused before it is queued", () => {
    const party = Party.of("unregistered custom", ["alice", "bob"], validated)
    const proposal = { kind: "custom", type: 0xf00f, body: NO_DATA } as const
    expect(party.hear("bob", craft(party, "alice", { kind: "proposal", proposal }))).toBe("proposal_unsupported")
    const outside = outsiders(party, { kind: "external", senderIndex: 0 }, { kind: "proposal", proposal }, "server")
    expect(outcomeOf(party.group("bob").receive(outside, party.nowMs))).toBe("content_forbidden")
  })
})

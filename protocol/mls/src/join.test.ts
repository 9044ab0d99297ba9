import type { CipherSuite } from "@qpc/crypto"
import { suite0001, suite0003 } from "@qpc/crypto/node"
import { toHex, toUtf8 } from "@qpc/wire"
import { beforeAll, describe, expect, it } from "vitest"
import { EXTENSION_TYPES } from "./extension.ts"
import type { GroupInfo } from "./group-info.ts"
import { signGroupInfo } from "./group-info.ts"
import { makeGroupContext } from "./group-context.ts"
import { Group } from "./group.ts"
import type { JoinGroupOptions } from "./group-options.ts"
import { KeyPackageBundle, keyPackageBundleFromBytes } from "./key-package-bundle.ts"
import { keyPackageRef } from "./key-package.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import type { PskLookup } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import { Party } from "./testing/party.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import { encodeRatchetTree } from "./tree-codec.ts"
import { decodeGroupSecrets, groupSecretsInfo, openGroupSecrets, sealGroupInfo, sealGroupSecrets } from "./welcome.ts"
import type { GroupSecrets } from "./welcome.ts"
import { memberSecret, welcomeSecret } from "./key-schedule.ts"

const NO_DATA = new Uint8Array(0)

interface Invited {
  readonly party: Party
  readonly bundle: KeyPackageBundle
  readonly welcome: Uint8Array
}

/** A party whose member alice is about to be joined by bob, and the Welcome for him. */
function invited(seed: string): Invited {
  const party = Party.of(seed, ["alice", "carol"])
  const bundle = party.keyPackage("bob")
  const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage], forcePath: true })
  return { party, bundle, welcome }
}

function outcomeOf(
  party: Party,
  options: Pick<JoinGroupOptions, "welcome" | "bundles"> & Partial<JoinGroupOptions>,
): string {
  const joined = Group.join({ suite: party.suite, signatureKeys: party.keysOf("bob"), ...options })
  return joined.kind === "joined" ? "joined" : joined.reason
}

/** What a malicious member puts into a Welcome instead of what belongs there. */
interface Forgery {
  readonly secrets?: Partial<GroupSecrets>
  readonly info?: Partial<Pick<GroupInfo, "groupContext" | "extensions" | "confirmationTag" | "signer">>
  readonly signaturePrivateKey?: Uint8Array
  readonly welcomeKey?: Uint8Array
  readonly encodedInfo?: Uint8Array
}

/** A Welcome of alice for bob's key package, with parts exchanged. */
function forge(party: Party, bundle: KeyPackageBundle, forgery: Forgery): Uint8Array {
  const { suite, random } = party
  const { epoch, signaturePrivateKey } = party.insidesOf("alice")
  const joinerSecret = random(suite.sizes.hashBytes)
  const ratchetTree = { extensionType: EXTENSION_TYPES.ratchetTree, extensionData: encodeRatchetTree(epoch.tree) }
  const info = signGroupInfo(suite, forgery.signaturePrivateKey ?? signaturePrivateKey, {
    groupContext: epoch.context,
    extensions: [ratchetTree],
    confirmationTag: epoch.confirmationTag,
    signer: 0,
    ...forgery.info,
  })
  const member = memberSecret(suite, joinerSecret, new Uint8Array(suite.sizes.hashBytes))
  const encryptedGroupInfo = sealGroupInfo(
    suite,
    forgery.welcomeKey ?? welcomeSecret(suite, member),
    forgery.encodedInfo ?? info.encoded,
  )
  const secrets = { joinerSecret, pathSecret: undefined, psks: [], ...forgery.secrets }
  const { initKey } = bundle.decoded
  const sealed = sealGroupSecrets(
    suite,
    initKey,
    groupSecretsInfo(suite, encryptedGroupInfo),
    secrets,
    random(suite.sizes.kemSeedBytes),
  )
  if (sealed === undefined) throw new Error("not sealed")
  const newMember = keyPackageRef(suite, bundle.decoded)
  const message = { cipherSuite: suite.id, secrets: [{ newMember, encryptedGroupSecrets: sealed }], encryptedGroupInfo }
  return encodeMlsMessage({ kind: "welcome", message })
}

describe("joining by a Welcome", () => {
  it("leads into the group, and tells which key package was used and who sent it", () => {
    const { party, bundle, welcome } = invited("join")
    const bundles = [party.keyPackage("bob"), bundle]
    const joined = Group.join({ suite: party.suite, signatureKeys: party.keysOf("bob"), welcome, bundles })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    expect(joined.bundle).toBe(bundle)
    expect(joined.addedBy).toBe(0)
    expect(joined.group.epochAuthenticator()).toEqual(party.group("carol").epochAuthenticator())
  })

  it("leaves the key package to its owner, after whose disposal the Welcome opens nothing", () => {
    const { party, bundle, welcome } = invited("replay")
    expect(outcomeOf(party, { welcome, bundles: [bundle] })).toBe("joined")
    bundle[Symbol.dispose]()
    expect(outcomeOf(party, { welcome, bundles: [bundle] })).toBe("no_matching_key_package")
    expect(() => bundle.toBytes()).toThrow(TypeError)
  })

  it("passes over a key package that is used up, for a copy that is not", () => {
    const { party, bundle, welcome } = invited("copy")
    const stored = keyPackageBundleFromBytes(party.suite, bundle.toBytes())
    bundle[Symbol.dispose]()
    expect(outcomeOf(party, { welcome, bundles: [bundle, stored] })).toBe("joined")
  })

  it("does not try a key package of another suite, although the Welcome names it", () => {
    const { party, welcome } = invited("another suite")
    const other = new Party("another suite", {}, suite0003).keyPackage("bob")
    const message = decodeMlsMessage(welcome)
    if (message.kind !== "welcome") throw new Error(message.kind)
    const secrets = message.message.secrets.map((sealed) => ({ ...sealed, newMember: other.ref }))
    const naming = encodeMlsMessage({ kind: "welcome", message: { ...message.message, secrets } })
    expect(outcomeOf(party, { welcome: naming, bundles: [other] })).toBe("no_matching_key_package")
  })

  it("does not lead twice into a group that is known", () => {
    const { party, bundle, welcome } = invited("known")
    expect(outcomeOf(party, { welcome, bundles: [bundle], isKnownGroup: () => true })).toBe("group_already_known")
  })

  it("works with a key package that was stored meanwhile", () => {
    const { party, bundle, welcome } = invited("stored")
    const stored = keyPackageBundleFromBytes(party.suite, bundle.toBytes())
    expect(stored.ref).toEqual(bundle.ref)
    expect(outcomeOf(party, { welcome, bundles: [stored] })).toBe("joined")
  })

  it("is for those whom it names", () => {
    const { party, welcome } = invited("named")
    expect(outcomeOf(party, { welcome, bundles: [party.keyPackage("bob")] })).toBe("no_matching_key_package")
    expect(outcomeOf(party, { welcome, bundles: [] })).toBe("no_matching_key_package")
  })

  it("refuses what is not a Welcome, or one of another suite", () => {
    const { party, bundle, welcome } = invited("not one")
    const bundles = [bundle]
    expect(outcomeOf(party, { welcome: party.say("alice", "hello"), bundles })).toBe("not_a_welcome")
    expect(outcomeOf(party, { welcome: Uint8Array.of(0, 1, 0), bundles })).toBe("malformed")
    expect(outcomeOf(party, { welcome: welcome.with(5, 2), bundles })).toBe("welcome_cipher_suite")
  })

  it("does not take a mistake of the caller's for a malformed Welcome", () => {
    const { party, bundle } = invited("no bytes")
    expect(() => outcomeOf(party, { welcome: null as never, bundles: [bundle] })).toThrow(TypeError)
  })

  it("needs the tree from somewhere, and the right one", () => {
    const party = Party.of("tree", ["alice", "carol"])
    const bundle = party.keyPackage("bob")
    const { welcome = NO_DATA, ratchetTree = NO_DATA } = party.commit("alice", {
      adds: [bundle.keyPackage],
      treeInWelcome: false,
    })
    const other = Party.of("other tree", ["alice", "carol"])
    const otherTree = encodeRatchetTree(other.insidesOf("alice").epoch.tree)
    const bundles = [bundle]
    expect(outcomeOf(party, { welcome, bundles })).toBe("ratchet_tree_missing")
    expect(outcomeOf(party, { welcome, bundles, ratchetTree: Uint8Array.of(1) })).toBe("ratchet_tree_malformed")
    // Somebody else stands where the signer should.
    expect(outcomeOf(party, { welcome, bundles, ratchetTree: otherTree })).toBe("bad_group_info_signature")
    expect(outcomeOf(party, { welcome, bundles, ratchetTree })).toBe("joined")
  })

  it("throws for signature keys that are not those of the key package: they would sign nothing valid", () => {
    const { party, bundle, welcome } = invited("wrong keys")
    const options = { suite: party.suite, signatureKeys: party.keysOf("carol"), welcome, bundles: [bundle] }
    expect(() => Group.join(options)).toThrow(RangeError)
  })

  it("refuses a group above the limit of members", () => {
    const { party, bundle, welcome } = invited("limit")
    expect(outcomeOf(party, { welcome, bundles: [bundle], limits: { members: 2 } })).toBe("ratchet_tree_malformed")
  })
})

const psk = (id: Partial<PreSharedKeyId> = {}): PreSharedKeyId =>
  ({ kind: "external", pskId: NO_DATA, pskNonce: new Uint8Array(32), ...id }) as PreSharedKeyId

describe("a Welcome that a malicious member made", () => {
  let party: Party
  let bundle: KeyPackageBundle
  beforeAll(() => {
    ;({ party, bundle } = invited("malicious"))
  })
  const verdict = (forgery: Forgery): string =>
    outcomeOf(party, { welcome: forge(party, bundle, forgery), bundles: [bundle] })
  const contextWith = (changes: object): GroupInfo["groupContext"] =>
    makeGroupContext({ ...party.insidesOf("alice").epoch.context, ...changes })
  it.each([
    ["bad_group_info_signature", () => ({ signaturePrivateKey: party.keysOf("carol").privateKey })],
    ["group_info_not_decrypted", () => ({ welcomeKey: new Uint8Array(32) })],
    ["unknown_signer", () => ({ info: { signer: 7 } })],
    ["unknown_signer", () => ({ info: { signer: 2 }, signaturePrivateKey: party.keysOf("bob").privateKey })],
    ["group_cipher_suite", () => ({ info: { groupContext: contextWith({ cipherSuite: 2 }) } })],
    ["tree_hash_mismatch", () => ({ info: { groupContext: contextWith({ treeHash: new Uint8Array(32) }) } })],
    ["leaf_signature_invalid", () => ({ info: { groupContext: contextWith({ groupId: toUtf8("other") }) } })],
    [
      "extension_not_supported_by_all",
      () => ({
        info: { groupContext: contextWith({ extensions: [{ extensionType: 0xf00f, extensionData: NO_DATA }] }) },
      }),
    ],
    [
      "external_senders_malformed",
      () => ({
        info: { groupContext: contextWith({ extensions: [{ extensionType: 5, extensionData: Uint8Array.of(9) }] }) },
      }),
    ],
    ["path_secret_mismatch", () => ({ secrets: { pathSecret: new Uint8Array(32) } })],
    ["path_secret_mismatch", () => ({ secrets: { pathSecret: NO_DATA } })],
    ["bad_confirmation_tag", () => ({})],
    ["psk_missing", () => ({ secrets: { psks: [psk()] } })],
    ["psk_invalid", () => ({ secrets: { psks: [psk(), psk()] } })],
    ["psk_invalid", () => ({ secrets: { psks: [psk({ pskNonce: NO_DATA })] } })],
    [
      "parent_group_missing",
      () => ({
        secrets: {
          psks: [{ kind: "resumption", usage: "branch", pskGroupId: NO_DATA, pskEpoch: 0n, pskNonce: NO_DATA }],
        },
      }),
    ],
  ] as [string, () => Forgery][])("is refused with %s", (reason, forgery) => {
    expect(verdict(forgery())).toBe(reason)
  })
})

describe("a Welcome", () => {
  it("is for nobody who is not in the tree", () => {
    const { party } = invited("not in the tree")
    const other = party.keyPackage("bob")
    expect(outcomeOf(party, { welcome: forge(party, other, {}), bundles: [other] })).toBe("own_leaf_missing")
  })

  it("may name as many PSKs as a commit may hold proposals", () => {
    const { party, bundle } = invited("limits of a Welcome")
    const psks = [1, 2].map((id) => psk({ pskId: Uint8Array.of(id) }))
    const welcome = forge(party, bundle, { secrets: { psks } })
    const verdicts = [1, 2].map((committedProposals) =>
      outcomeOf(party, { welcome, bundles: [bundle], limits: { committedProposals } }),
    )
    expect(verdicts).toEqual(["psk_invalid", "psk_missing"])
  })
})

describe("what joining derives", () => {
  let party: Party
  let bundle: KeyPackageBundle
  let welcome: Uint8Array
  beforeAll(() => {
    ;({ party, bundle, welcome } = invited("derived"))
  })

  /** Joins by a Welcome, and says which secrets it derived and did not zero. */
  function join(
    bytes: Uint8Array,
    psks?: PskLookup,
  ): { readonly joined: ReturnType<typeof Group.join>; readonly left: string[] } {
    const watched = watchSecrets(suite0001)
    // What AEAD opens here is the GroupInfo, which is no secret once the group is joined.
    const suite: CipherSuite = { ...watched.suite, aeadOpen: (...sealed) => suite0001.aeadOpen(...sealed) }
    const about = { suite, signatureKeys: party.keysOf("bob"), bundles: [bundle], ...(psks && { psks }) }
    const joined = Group.join({ ...about, welcome: bytes })
    return { joined, left: watched.secretsLeft().map(toHex) }
  }

  it("is zeroed but for what the member goes on with", () => {
    const { joined, left } = join(welcome)
    if (joined.kind === "rejected") throw new Error(joined.reason)
    const state = toHex(joined.group.toBytes())
    expect(left.filter((secret) => !state.includes(secret))).toEqual([])
    expect(left).not.toEqual([])
  })

  it.each<[string, () => Forgery]>([
    ["group_info_not_decrypted", () => ({ welcomeKey: new Uint8Array(32) })],
    ["malformed", () => ({ encodedInfo: NO_DATA })],
    ["bad_group_info_signature", () => ({ signaturePrivateKey: party.keysOf("carol").privateKey })],
    ["path_secret_mismatch", () => ({ secrets: { pathSecret: new Uint8Array(32) } })],
    ["bad_confirmation_tag", () => ({ secrets: { pathSecret: pathSecretIn(party, bundle, welcome) } })],
    ["psk_missing", () => ({ secrets: { psks: [psk()] } })],
  ])("is all zeroed when the Welcome is refused: %s", (reason, forgery) => {
    expect(join(forge(party, bundle, forgery()))).toEqual({ joined: { kind: "rejected", reason }, left: [] })
  })

  it("is all zeroed where a PSK went into it, too", () => {
    const { joined, left } = join(forge(party, bundle, { secrets: { psks: [psk()] } }), () => Uint8Array.of(1))
    expect({ joined, left }).toEqual({ joined: { kind: "rejected", reason: "group_info_not_decrypted" }, left: [] })
  })
})

/** The path secret that a Welcome has for the owner of a key package. */
function pathSecretIn({ suite }: Party, bundle: KeyPackageBundle, bytes: Uint8Array): Uint8Array | undefined {
  const message = decodeMlsMessage(bytes)
  if (message.kind !== "welcome" || bundle.privateKeys === undefined) throw new Error(message.kind)
  const [sealed] = message.message.secrets
  const opened = openGroupSecrets(suite, bundle.privateKeys.initPrivateKey, message.message, sealed!)
  return decodeGroupSecrets(opened!).pathSecret
}

describe("a key package bundle", () => {
  const party = new Party("bundles")

  it("reads back what it wrote", () => {
    const bundle = party.keyPackage("bob", { lastResort: true })
    const stored = keyPackageBundleFromBytes(party.suite, bundle.toBytes())
    expect(stored.toBytes()).toEqual(bundle.toBytes())
    expect(stored.keyPackage).toEqual(bundle.keyPackage)
    expect([bundle.isLastResort, stored.isLastResort, party.keyPackage("bob").isLastResort]).toEqual([
      true,
      true,
      false,
    ])
  })

  it("does not accept bytes of another version or suite, cut, extended, or with keys of another", () => {
    const bytes = party.keyPackage("bob").toBytes()
    const other = party.keyPackage("bob").toBytes()
    const mixed = Uint8Array.of(...bytes.subarray(0, -32), ...other.subarray(-32))
    for (const bad of [bytes.with(0, 9), bytes.with(2, 9), bytes.slice(0, -1), Uint8Array.of(...bytes, 0), mixed]) {
      expect(() => keyPackageBundleFromBytes(party.suite, bad)).toThrow(
        expect.objectContaining({ name: "DecodeError" }),
      )
    }
  })

  it("is not made of keys that do not belong together", () => {
    const [one, other] = [party.keyPackage("bob"), party.keyPackage("bob")]
    const keys = other.privateKeys
    if (keys === undefined) throw new Error("disposed")
    expect(() => KeyPackageBundle.of(party.suite, one.decoded, keys)).toThrow(RangeError)
  })
})

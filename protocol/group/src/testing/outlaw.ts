import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { encodeEnvelope, envelopeHeader, receiveEnvelope } from "@qpc/envelope"
import type { EnvelopeKind } from "@qpc/envelope"
import { Sender } from "@qpc/gbp"
import { sendText } from "@qpc/gtp"
import { createKeyPackage, Group } from "@qpc/mls"
import type { CommitOptions, Extension, KeyPackageBundle, ProposalToSend, ProposeOptions, StagedCommit } from "@qpc/mls"
import { concatBytes, toDeviceKey, toGroupId, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey, Random } from "@qpc/wire"
import { originOf } from "../group-origin.ts"
import { OUR_EXTENSIONS } from "../group-profile.ts"
import { frameSurroundings, resolveLimits } from "../member-state.ts"
import { MlsKeys } from "../mls-keys.ts"
import { ReplacedGroups } from "../replaced-groups.ts"
import { seededRandom } from "./seeded-random.ts"

/** How an outlaw proposes. */
interface ProposingOptions extends Pick<ProposeOptions, "wireFormat" | "paddedBytes"> {
  readonly labelled?: EnvelopeKind
  readonly isKept?: boolean
}

/** How an outlaw ends a group. */
interface Ending {
  readonly reinit: NonNullable<CommitOptions["reinit"]>
  /** Default: it brings none. */
  readonly welcome?: (staged: StagedCommit, commit: Uint8Array) => Uint8Array | undefined
}

/** A member who holds the keys and does with them what no honest program does. For tests. */
export class Outlaw {
  readonly self: IdentityKey
  readonly inboxKey: DeviceKey
  readonly identity: KeyPair
  readonly #suite: CipherSuite
  readonly #random: Random
  readonly #nowMs: number
  readonly #bundles: KeyPackageBundle[] = []
  #group: Group | undefined

  constructor(suite: CipherSuite, seed: number, nowMs: number) {
    this.#suite = suite
    this.#random = seededRandom(seed)
    this.#nowMs = nowMs
    this.identity = suite.signatureKeyPair(this.#random(suite.sizes.signatureSeedBytes))
    this.self = toIdentityKey(this.identity.publicKey)
    this.inboxKey = toDeviceKey(this.identity.publicKey)
  }

  get group(): Group {
    if (this.#group === undefined) throw new Error("the outlaw is in no group")
    return this.#group
  }

  /** A key package, by default an honest one; or one with any other content of its credential, or of an earlier release. */
  keyPackage(claimedIdentity: Uint8Array = this.self, knows: readonly number[] = OUR_EXTENSIONS): Uint8Array {
    const bundle = createKeyPackage({
      suite: this.#suite,
      credential: { kind: "basic", identity: claimedIdentity },
      signatureKeys: this.identity,
      random: this.#random,
      nowMs: this.#nowMs,
      lifetimeMs: 86_400_000,
      capabilities: { extensions: knows },
    })
    this.#bundles.push(bundle)
    return bundle.keyPackage
  }

  join(envelope: Uint8Array): void {
    const received = receiveEnvelope(envelope)
    if (received.kind !== "envelope") throw new Error(received.reason)
    const { sealed: welcome } = received.envelope
    const about = { suite: this.#suite, welcome, bundles: this.#bundles, policy: { proposals: true } }
    const joined = Group.join({ ...about, signatureKeys: this.identity })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    this.#group = joined.group
  }

  /** Starts a group of any kind. */
  found(groupId: Uint8Array, extensions: readonly Extension[]): void {
    this.#group = Group.create({
      suite: this.#suite,
      groupId,
      credential: { kind: "basic", identity: this.self },
      signatureKeys: this.identity,
      random: this.#random,
      nowMs: this.#nowMs,
      extensions,
      capabilities: { extensions: OUR_EXTENSIONS },
    })
  }

  /** Follows the commit of somebody else. */
  follow(envelope: Uint8Array): void {
    const received = receiveEnvelope(envelope)
    const sealed = received.kind === "envelope" ? received.envelope.sealed : new Uint8Array(0)
    const commit = this.group.receive(sealed, this.#nowMs)
    if (commit.kind !== "commit") throw new Error(`not a commit to follow: ${commit.kind}`)
    this.group.merge(commit.staged)
  }

  /** A commit of any content in an envelope of any epoch. The outlaw stays in its epoch. */
  commit(
    options: Pick<CommitOptions, "adds" | "removes" | "extensions">,
    labelled: EnvelopeKind = "commit",
    behind: Uint8Array = new Uint8Array(0),
  ): Uint8Array {
    const { group } = this
    const { epoch } = group
    const header = { kind: labelled, groupId: toGroupId(group.groupId), epoch } as const
    const authenticatedData = envelopeHeader(header)
    const result = group.stageCommit({ ...options, authenticatedData, random: this.#random, nowMs: this.#nowMs })
    if (result.kind === "refused") throw new Error(result.reason)
    group.clear(result.staged)
    return encodeEnvelope({ ...header, kind: "commit", sealed: concatBytes(result.commit, behind) })
  }

  /** A commit that ends the group in favour of any other, and the Welcome that an ending of this kind is to bring. Nobody moves on. */
  succeed({ reinit, welcome = () => undefined }: Ending): Uint8Array {
    const { group } = this
    const header = { kind: "commit", ...this.#place() } as const
    const authenticatedData = envelopeHeader(header)
    const about = { authenticatedData, random: this.#random, nowMs: this.#nowMs }
    const result = group.stageCommit({ reinit, forcePath: true, ...about })
    if (result.kind === "refused") throw new Error(result.reason)
    const { staged, commit } = result
    const sealed = concatBytes(commit, welcome(staged, commit) ?? new Uint8Array(0))
    group.clear(staged)
    return encodeEnvelope({ ...header, sealed })
  }

  /** The Welcome into the group after a ReInit that this one has staged, with whoever is brought in. */
  welcomeTo(staged: StagedCommit, suite: CipherSuite, keyPackages: readonly Uint8Array[]): Uint8Array | undefined {
    const made = this.group.createSuccessor({
      suite,
      staged,
      keyPackages,
      credential: { kind: "basic", identity: this.self },
      signatureKeys: this.identity,
      capabilities: { extensions: OUR_EXTENSIONS },
      // To its own program, all are members.
      identityOf: () => "anybody",
      random: this.#random,
      nowMs: this.#nowMs,
    })
    if (made.kind === "refused") throw new Error(made.reason)
    return made.welcome
  }

  /** Follows a commit as far as to know what is behind it. */
  stage(commit: Uint8Array): StagedCommit {
    const received = this.group.receive(commit, this.#nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    return received.staged
  }

  /** A proposal of any kind, signed for one kind of envelope and put into another. The outlaw keeps it only if asked to. */
  propose(
    wanted: ProposalToSend,
    { labelled = "proposal", isKept = false, ...sealing }: ProposingOptions = {},
  ): Uint8Array {
    const { group } = this
    const { epoch } = group
    const header = { kind: labelled, groupId: toGroupId(group.groupId), epoch } as const
    const authenticatedData = envelopeHeader(header)
    const proposed = group.propose(wanted, { ...sealing, authenticatedData, random: this.#random, nowMs: this.#nowMs })
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    if (!isKept) group.dropProposals()
    return encodeEnvelope({ ...header, kind: "proposal", sealed: proposed.message })
  }

  /** A Welcome for these key packages, whoever they claim to be. The outlaw moves on to the new epoch. */
  welcome(adds: readonly Uint8Array[]): Uint8Array {
    const { group } = this
    const authenticatedData = new Uint8Array(0)
    const result = group.stageCommit({ adds, authenticatedData, random: this.#random, nowMs: this.#nowMs })
    if (result.kind === "refused" || result.welcome === undefined) throw new Error("refused")
    group.merge(result.staged)
    return encodeEnvelope({ kind: "welcome", ...this.#place(), sealed: result.welcome })
  }

  /** An honest looking text, whether or not it may be sent. */
  text(text: string): Uint8Array {
    const { group } = this
    const [groupId, random] = [toGroupId(group.groupId.slice()), this.#random]
    const limits = resolveLimits()
    const keys = new MlsKeys(group, 0n, { random, pastEpochs: 0, onLayer: undefined, replaced: new ReplacedGroups() })
    const sent = sendText({ text, senderId: group.ownLeafIndex, nowMs: this.#nowMs, random })
    if (sent.kind === "refused") throw new Error(sent.reason)
    const sender = new Sender(frameSurroundings(groupId, keys, limits), group.ownLeafIndex)
    const framed = sender.send({ streamType: "text", payload: sent.payload })
    if (framed.kind === "refused") throw new Error(framed.reason)
    return encodeEnvelope({ kind: "application", groupId, epoch: framed.epoch, sealed: framed.bytes })
  }

  /** Anything at all, sealed and signed properly. */
  protect(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    return this.group.protect(plaintext, { authenticatedData, random: this.#random })
  }

  /** The label that members give the group and its epoch. */
  #place(): { readonly groupId: GroupId; readonly epoch: bigint } {
    const origin = originOf(this.group)
    if (origin === undefined) throw new Error("nobody can name this group")
    return { groupId: origin.groupId, epoch: origin.epochsBefore + this.group.epoch }
  }
}

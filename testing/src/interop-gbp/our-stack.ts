import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import { concatBytes, equalBytes, fromHex, toHex, toUtf8 } from "@qpc/wire"
import type { KeyPair } from "@qpc/crypto"
import type { KeyPackageBundle, StagedCommit } from "@qpc/mls"
import type { Signal } from "@qpc/gsp"
import type { CodecName } from "gbp-node/golden"
import { OurNode } from "./our-node.ts"
import { OurSFrame } from "./our-sframe.ts"
import type { AudioToSend, ControlToSend, Invitation, Position, Stack, StackMember, Told } from "./stack-member.ts"

const LIFETIME_MS = 30 * 86_400_000
/** MLSMessage of mls10 with a KeyPackage in it (RFC 9420 §6): we hand around these, the published stack what is in them. */
const KEY_PACKAGE_HEAD = fromHex("00010005")

/** Our MLS and profile 1, put together as the published stack's documents ask for it. */
export const ourStack: Stack = {
  name: "ours",
  newMember: async (id) => new OurMember(id),
  close: async () => undefined,
}

/**
 * A member made of `@qpc/mls` and `Profile1Endpoint`.
 *
 * The clock is the machine's: key packages of the published stack are valid from the time they are made.
 */
class OurMember implements StackMember {
  readonly id: number
  readonly #signatureKeys: KeyPair = suite0001.signatureKeyPair(nodeRandom(suite0001.sizes.signatureSeedBytes))
  readonly #bundle: KeyPackageBundle
  #group: Group
  #staged: StagedCommit | undefined
  #node: OurNode
  #sframe: OurSFrame | undefined

  constructor(id: number) {
    this.id = id
    const person = {
      suite: suite0001,
      credential: { kind: "basic" as const, identity: toUtf8(`ours ${id}`) },
      signatureKeys: this.#signatureKeys,
      random: nodeRandom,
      nowMs: Date.now(),
    }
    this.#bundle = createKeyPackage({ ...person, lifetimeMs: LIFETIME_MS })
    this.#group = Group.create({ ...person, groupId: nodeRandom(16) })
    this.#node = this.#newNode(0n, 0)
  }

  async keyPackage(): Promise<Uint8Array> {
    const { keyPackage } = this.#bundle
    if (!equalBytes(keyPackage.subarray(0, KEY_PACKAGE_HEAD.length), KEY_PACKAGE_HEAD)) throw new Error("unreachable")
    return keyPackage.slice(KEY_PACKAGE_HEAD.length)
  }

  async invite(keyPackages: readonly Uint8Array[]): Promise<Invitation> {
    const { commit, welcome } = this.#stage({ adds: keyPackages.map((one) => concatBytes(KEY_PACKAGE_HEAD, one)) })
    return { commit, welcome: welcome! }
  }

  async remove(leafIndex: number): Promise<Uint8Array> {
    return this.#stage({ removes: [leafIndex] }).commit
  }

  async process(commit: Uint8Array): Promise<void> {
    const received = this.#group.receive(commit, Date.now())
    if (received.kind !== "commit") throw new Error(received.kind === "rejected" ? received.reason : received.kind)
    this.#staged = received.staged
  }

  async finalize(): Promise<void> {
    if (this.#staged === undefined) return
    this.#group.merge(this.#staged)
    this.#staged = undefined
    if (this.#group.phase === "active") this.#node.changeKeys()
  }

  async clear(): Promise<void> {
    if (this.#staged !== undefined) this.#group.clear(this.#staged)
    this.#staged = undefined
  }

  async acceptWelcome(welcome: Uint8Array): Promise<void> {
    const joined = Group.join({
      suite: suite0001,
      welcome,
      bundles: [this.#bundle],
      signatureKeys: this.#signatureKeys,
    })
    if (joined.kind !== "joined") throw new Error(joined.reason)
    this.#group = joined.group
  }

  async asCreator(): Promise<void> {
    this.#node = this.#newNode(this.#group.epoch, 0)
  }

  async asJoiner(epoch: bigint, transitionId: number): Promise<void> {
    this.#node = this.#newNode(epoch, transitionId)
  }

  async applyTransition(transitionId: number): Promise<void> {
    this.#node.applyTransition(transitionId)
  }

  async text(messageId: bigint, text: string, codec: CodecName): Promise<Uint8Array> {
    return this.#node.text(messageId, text, codec)
  }

  async audio(audio: AudioToSend, codec: CodecName): Promise<Uint8Array> {
    return this.#node.audio(audio, codec)
  }

  async signal(signal: Signal, requestId: number, codec: CodecName): Promise<Uint8Array> {
    return this.#node.signal(signal, requestId, codec)
  }

  async control(message: ControlToSend): Promise<Uint8Array> {
    return this.#node.control(message)
  }

  async receive(frame: Uint8Array): Promise<readonly Told[]> {
    return this.#node.receive(frame)
  }

  async restart(): Promise<void> {
    const { epoch, transitionId, lastSequences } = this.#node
    this.#group = Group.fromBytes(suite0001, this.#group.toBytes(), { signatureKeys: this.#signatureKeys })
    this.#node = this.#newNode(epoch, 0)
    this.#node.resume(transitionId, lastSequences)
  }

  async exportSecret(label: string, context: Uint8Array, lengthBytes: number): Promise<Uint8Array> {
    return this.#group.export(label, context, lengthBytes)
  }

  async sframeSession(): Promise<void> {
    this.#sframe = new OurSFrame(this.#group)
  }

  async sframeSeal(plaintext: Uint8Array, metadata: Uint8Array): Promise<Uint8Array> {
    return this.#sframe!.seal(plaintext, metadata)
  }

  async sframeOpen(frame: Uint8Array, metadata: Uint8Array): ReturnType<StackMember["sframeOpen"]> {
    return this.#sframe!.open(frame, metadata)
  }

  async position(): Promise<Position> {
    const { epoch, transitionId } = this.#node
    return { groupId: toHex(this.#group.groupId), epoch, mlsEpoch: this.#group.epoch, transitionId }
  }

  #newNode(epoch: bigint, pendingTransitionId: number): OurNode {
    const exportSecret = (label: string, context: Uint8Array, lengthBytes: number): Uint8Array =>
      this.#group.export(label, context, lengthBytes)
    const { groupId } = this.#group
    return new OurNode({ memberId: this.id, groupId, epoch, pendingTransitionId, exportSecret })
  }

  #stage(change: { readonly adds?: readonly Uint8Array[]; readonly removes?: readonly number[] }) {
    const about = { authenticatedData: new Uint8Array(0), random: nodeRandom, nowMs: Date.now() }
    const staged = this.#group.stageCommit({ ...change, ...about })
    if (staged.kind !== "staged") throw new Error(staged.reason)
    this.#staged = staged.staged
    return staged
  }
}

import { encodeArgs, SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { toHex } from "@qpc/wire"
import {
  GapClient,
  GroupNode,
  GspClient,
  GtpClient,
  MlsContext,
  NONCE_REUSE_RISK,
  SFrameSession,
  StreamType,
} from "gbp-stack"
import type { NodeEvent, SFrameEncryptor } from "gbp-stack"
import type { CodecName } from "gbp-node/golden"
import { payloadFormatOf } from "./codecs.ts"
import type { AudioToSend, ControlToSend, Invitation, Position, Stack, StackMember, Told } from "./stack-member.ts"

/** `gbp-stack` as its users have it, told to speak profile 1. */
export const facadeStack: Stack = {
  name: "gbp-stack",
  newMember: async (id) => new FacadeMember(id),
  close: async () => undefined,
}

/** All members at once. */
const EVERYBODY = 0

class FacadeMember implements StackMember {
  readonly id: number
  #mls: MlsContext
  #node: GroupNode
  #clients = newClients()
  #sframe: { readonly session: SFrameSession; readonly encryptor: SFrameEncryptor } | undefined

  constructor(id: number) {
    this.id = id
    this.#mls = MlsContext.create(`gbp-stack ${id}`)
    this.#node = this.#newNode()
  }

  async keyPackage(): Promise<Uint8Array> {
    return this.#mls.exportKeyPackage()
  }

  async invite(keyPackages: readonly Uint8Array[]): Promise<Invitation> {
    return this.#mls.inviteMany(keyPackages)
  }

  async remove(leafIndex: number): Promise<Uint8Array> {
    return this.#mls.removeMember(leafIndex)
  }

  async process(commit: Uint8Array): Promise<void> {
    this.#mls.processMessage(commit)
  }

  async finalize(): Promise<void> {
    this.#mls.finalizeCommit()
  }

  async clear(): Promise<void> {
    this.#mls.clearPendingCommit()
  }

  async acceptWelcome(welcome: Uint8Array): Promise<void> {
    this.#mls.acceptWelcome(welcome)
  }

  async asCreator(): Promise<void> {
    this.#node.bootstrapAsCreator(this.#mls.epoch)
  }

  async asJoiner(epoch: bigint, transitionId: number): Promise<void> {
    this.#node = this.#newNode()
    this.#node.bootstrapAsJoiner(epoch, transitionId)
  }

  async applyTransition(transitionId: number): Promise<void> {
    this.#node.applyTransition(transitionId)
  }

  async text(messageId: bigint, text: string, codec: CodecName): Promise<Uint8Array> {
    return this.#clients.gtp.send(this.#node, this.#mls, EVERYBODY, messageId, text, payloadFormatOf(codec)).wire
  }

  async audio({ mediaSourceId, timestamp, opus }: AudioToSend, codec: CodecName): Promise<Uint8Array> {
    const { gap } = this.#clients
    return gap.send(this.#node, this.#mls, EVERYBODY, mediaSourceId, timestamp, opus, payloadFormatOf(codec)).wire
  }

  async signal(signal: Signal, requestId: number, codec: CodecName): Promise<Uint8Array> {
    const { gsp } = this.#clients
    const about = [SIGNAL_CODES[signal.type] as never, 0, requestId, encodeArgs(signal)] as const
    return gsp.sendWithArgs(this.#node, this.#mls, EVERYBODY, ...about, payloadFormatOf(codec)).wire
  }

  async control({ opcode, transitionId, requestId, args }: ControlToSend): Promise<Uint8Array> {
    return this.#node.sendControl(this.#mls, EVERYBODY, opcode as never, transitionId, requestId, args).wire
  }

  async receive(frame: Uint8Array): Promise<readonly Told[]> {
    const events = this.#node.onWire(this.#mls, frame)
    return events.map((event) => this.#told(event)).filter((told) => told !== undefined)
  }

  /** A node begins with no transition behind it: it is told of the last one as of one that takes it to this epoch. */
  async restart(): Promise<void> {
    const [state, sequences] = [this.#mls.exportState(), this.#node.exportOutSeq()]
    const { epoch, lastTransitionId } = this.#node
    this.#mls.close()
    this.#mls = MlsContext.restoreState(state)
    // As if it were stored: before that a restored context sends no media.
    this.#mls.exportState()
    await this.asJoiner(epoch - 1n, lastTransitionId)
    this.#node.applyTransition(lastTransitionId)
    this.#node.restoreOutSeq(sequences)
    this.#clients = newClients()
  }

  /** The facade hands out no keys. */
  async exportSecret(): Promise<undefined> {
    return undefined
  }

  async sframeSession(): Promise<void> {
    const session = SFrameSession.create(this.#mls)
    this.#sframe = { session, encryptor: session.createEncryptor(this.#mls, this.#mls.leafIndex) }
  }

  async sframeSeal(plaintext: Uint8Array, metadata: Uint8Array): Promise<Uint8Array> {
    return this.#sframe!.encryptor.encrypt(plaintext, metadata)
  }

  async sframeOpen(frame: Uint8Array, metadata: Uint8Array): ReturnType<StackMember["sframeOpen"]> {
    const { plaintext, senderLeaf: leafIndex } = this.#sframe!.session.decrypt(frame, metadata)
    return { plaintext, leafIndex }
  }

  async position(): Promise<Position> {
    const { epoch, lastTransitionId: transitionId } = this.#node
    return { groupId: toHex(this.#mls.groupId), epoch, mlsEpoch: this.#mls.epoch, transitionId }
  }

  #newNode(): GroupNode {
    const options = { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK } as const
    const node = GroupNode.create(this.id, this.#mls.groupId, options)
    node.drainEvents()
    return node
  }

  #told(event: NodeEvent): Told | undefined {
    switch (event.kind) {
      case "payload_received":
        return this.#accepted(event.streamType!, event.plaintext!)
      case "control":
        return {
          kind: "control",
          senderId: event.sender!,
          opcode: event.opcodeCode!,
          transitionId: event.transitionId!,
          requestId: event.requestId!,
          args: toHex(event.args!),
        }
      case "error":
        return { kind: "refused", reason: event.reason! }
      case "coordinator_claim":
        return { kind: "claim", senderId: event.claimant! }
      case "state_changed":
      case "epoch_advanced":
      case "became_coordinator":
      case "coordinator_election_needed":
      case "transition_abandoned":
      case "warning":
        return undefined
    }
  }

  #accepted(streamType: StreamType, plaintext: Uint8Array): Told {
    const [{ gtp, gap, gsp }, { epoch }] = [this.#clients, this.#node]
    if (streamType === StreamType.Text) {
      const { status, reason = status, sender, messageId, text } = gtp.accept(plaintext, epoch)
      if (status !== "new") return { kind: "refused", reason }
      return { kind: "text", senderId: sender!, messageId: `${messageId}`, text: text! }
    }
    if (streamType === StreamType.Audio) {
      const { status, reason = status, source, seq, timestamp, opus } = gap.accept(plaintext, epoch)
      if (status !== "new") return { kind: "refused", reason }
      return { kind: "audio", mediaSourceId: source!, sequence: seq!, timestamp: `${timestamp}`, opus: toHex(opus!) }
    }
    const { status, reason = status, signalCode, sender, requestId } = gsp.accept(plaintext, epoch)
    if (status !== "new") return { kind: "refused", reason }
    return { kind: "signal", signalType: signalCode!, senderId: sender!, requestId: requestId! }
  }
}

function newClients() {
  return { gtp: GtpClient.create(), gap: GapClient.create(), gsp: GspClient.create() }
}

import { chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import { AudioSource } from "@qpc/gap"
import { decodeControl, encodeControl, FRAME_1_MAX_BYTES, NONCE_REUSE_RISK, OPCODES, Profile1Endpoint } from "@qpc/gbp"
import type { ExportSecret, Profile1Payload, StreamType } from "@qpc/gbp"
import { encodeArgs, SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { FLAG_URGENT } from "@qpc/gtp"
import { decodedOrUndefined, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import type { CodecName } from "gbp-node/golden"
import { audioCodecOf, payloadFormatOf, signalCodecOf, textCodecOf } from "./codecs.ts"
import { OurReceivers } from "./our-receivers.ts"
import type { AudioToSend, ControlToSend, Told } from "./stack-member.ts"

/** Where a node begins. */
export interface OurNodeOptions {
  readonly memberId: number
  readonly groupId: Uint8Array
  readonly epoch: bigint
  /** The transition whose EXECUTE_TRANSITION a joiner waits for; 0 for none. */
  readonly pendingTransitionId: number
  /** Of the epoch that MLS is in when it is called. */
  readonly exportSecret: ExportSecret
}

/** Ids in the scenes are small; nobody else has streams. */
const isMember = (memberId: number): boolean => memberId < 100
const CRITICAL: ReadonlySet<number> = new Set([
  OPCODES.PREPARE_TRANSITION,
  OPCODES.READY_FOR_TRANSITION,
  OPCODES.EXECUTE_TRANSITION,
])

/**
 * What the published stack calls a group node: frames of profile 1, and the transition ids of its control plane.
 *
 * The epoch that frames name and the epoch of their keys are two things there: between a merge and EXECUTE_TRANSITION, keys are of
 * the next epoch and frames still name the last one.
 */
export class OurNode {
  readonly #options: OurNodeOptions
  #endpoint: Profile1Endpoint
  #receivers = new OurReceivers()
  readonly #sources = new Map<string, AudioSource>()
  epoch: bigint
  transitionId = 0
  #pendingTransitionId: number

  constructor(options: OurNodeOptions) {
    this.#options = options
    this.epoch = options.epoch
    this.#pendingTransitionId = options.pendingTransitionId
    this.#endpoint = this.#newEndpoint()
  }

  /** For {@link resume}. */
  get lastSequences(): ReadonlyMap<StreamType, number> {
    return this.#endpoint.lastSequences
  }

  /** Goes on where a node of this epoch was. */
  resume(transitionId: number, lastSequences: ReadonlyMap<StreamType, number>): void {
    this.transitionId = transitionId
    this.#endpoint = this.#newEndpoint()
    this.#endpoint.restoreSequences(lastSequences)
  }

  /** MLS went on to its next epoch; frames name the old one until {@link applyTransition}. */
  changeKeys(): void {
    this.#endpoint.rekey(this.#options.exportSecret)
  }

  /** Numbers go on: the keys of the next epoch may be in use already, and EXECUTE_TRANSITION be under them. */
  applyTransition(transitionId: number): void {
    this.epoch += 1n
    this.transitionId = transitionId
    this.#pendingTransitionId = 0
    this.#endpoint.enterEpochUnderSameKeys({ epoch: this.epoch, transitionId })
    this.#receivers = new OurReceivers()
    this.#sources.clear()
  }

  text(messageId: bigint, text: string, codec: CodecName): Uint8Array {
    const body = toUtf8(text)
    const payload = textCodecOf(codec).encode({
      messageId,
      senderId: this.#options.memberId,
      timestampMs: 0n,
      requestId: 0,
      flags: FLAG_URGENT,
      contentType: 0,
      contentLength: body.length,
      body,
    })
    return this.#send({ streamType: "text", payload, payloadFormat: payloadFormatOf(codec) })
  }

  /** A source is one codec's: the published stack counts from 1, and takes a frame 0 for a late one. */
  audio({ mediaSourceId, timestamp, opus }: AudioToSend, codec: CodecName): Uint8Array {
    const key = `${mediaSourceId}/${codec}`
    const begun = { mediaSourceId, sequence: 1, timestamp, codec: audioCodecOf(codec) }
    const source = this.#sources.get(key) ?? new AudioSource(begun)
    this.#sources.set(key, source)
    const payload = source.frame(opus, this.epoch)
    return this.#send({ streamType: "audio", payload, payloadFormat: payloadFormatOf(codec) })
  }

  signal(signal: Signal, requestId: number, codec: CodecName): Uint8Array {
    const args = encodeArgs(signal)
    const payload = signalCodecOf(codec).encode({
      signalType: SIGNAL_CODES[signal.type],
      requestId,
      senderId: this.#options.memberId,
      roleClaim: 0,
      argsLength: args.length,
      args,
    })
    return this.#send({ streamType: "signal", payload, payloadFormat: payloadFormatOf(codec) })
  }

  control(message: ControlToSend): Uint8Array {
    const { opcode, transitionId } = message
    if (opcode === OPCODES.PREPARE_TRANSITION) this.#pendingTransitionId = transitionId
    if (opcode === OPCODES.ABORT_TRANSITION) this.#pendingTransitionId = 0
    const payload = encodeControl({ ...message, senderId: this.#options.memberId })
    return this.#send({ streamType: "control", payload, isCritical: CRITICAL.has(opcode) })
  }

  receive(frame: Uint8Array): readonly Told[] {
    const received = this.#endpoint.receive(frame)
    if (received.kind === "drop") return [{ kind: "refused", reason: received.reason }]
    if (received.streamType !== "control") return [this.#receivers.receive(received, this.epoch)]
    return [this.#controlled(received.plaintext)]
  }

  #controlled(plaintext: Uint8Array): Told {
    const message = decodedOrUndefined(() => decodeControl(plaintext, FRAME_1_MAX_BYTES))
    if (message === undefined) return { kind: "refused", reason: "malformed" }
    const { opcode, transitionId } = message
    if (!this.#fits(opcode, transitionId)) return { kind: "refused", reason: "transition_mismatch" }
    if (opcode === OPCODES.PREPARE_TRANSITION) this.#pendingTransitionId = transitionId
    if (opcode === OPCODES.ABORT_TRANSITION) this.#pendingTransitionId = 0
    if (opcode === OPCODES.EXECUTE_TRANSITION) this.applyTransition(transitionId)
    return { kind: "control", ...message, args: toHex(message.args) }
  }

  /** The rule of each opcode (GBP control plane §5b). */
  #fits(opcode: number, transitionId: number): boolean {
    const pending = this.#pendingTransitionId
    switch (opcode) {
      case OPCODES.PREPARE_TRANSITION:
        return transitionId > this.transitionId && (pending === 0 || pending === transitionId)
      case OPCODES.READY_FOR_TRANSITION:
      case OPCODES.EXECUTE_TRANSITION:
      case OPCODES.ABORT_TRANSITION:
        return pending !== 0 && pending === transitionId
      default:
        return true
    }
  }

  #send(payload: Profile1Payload): Uint8Array {
    const framed = this.#endpoint.send(payload)
    if (framed.kind !== "frame") throw new Error(framed.reason)
    return framed.bytes
  }

  #newEndpoint(): Profile1Endpoint {
    const { memberId, groupId, exportSecret } = this.#options
    const endpoint = new Profile1Endpoint({
      groupId: toGroupId(groupId.slice()),
      memberId,
      isMember,
      aead: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
      // Who talks to the published stack has this risk, and so the scenes do.
      acceptedRisk: NONCE_REUSE_RISK,
    })
    endpoint.enterEpoch({ epoch: this.epoch, transitionId: this.transitionId, exportSecret })
    return endpoint
  }
}

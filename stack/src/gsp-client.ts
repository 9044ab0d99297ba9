import { CBOR_SIGNALS, decodeArgs, dropError, signalTypeFromWire } from "@qpc/gsp"
import type { DropReason, Signal, SignalCodec, SignalMessage } from "@qpc/gsp"
import { FLATBUFFERS_SIGNALS } from "@qpc/gsp/flatbuffers"
import { PROTOBUF_SIGNALS } from "@qpc/gsp/protobuf"
import { decodedOrUndefined } from "@qpc/wire"
import { acceptError, unknownOrigin } from "./accept-error.ts"
import type { GroupNode } from "./group-node.ts"
import type { OutboundFrame } from "./outbound-frame.ts"
import type { MlsContext } from "./mls-context.ts"
import { originOf } from "./origin.ts"
import { PayloadCodec } from "./payload-codec.ts"
import type { RoleRegistry } from "./role-registry.ts"
import { SeenRequests } from "./seen-requests.ts"
import { SignalEffects } from "./signal-effects.ts"
import { signalTypeOf } from "./signal-type.ts"
import type { SignalType } from "./signal-type.ts"
import { StackError } from "./stack-error.ts"
import { StreamType } from "./stream-type.ts"
import { assertUint32 } from "./uint32.ts"

/** What became of a signal. */
export interface GspAcceptResult {
  /** `error`: see `reason` and `code`; an unauthorized signal is one where there is a role registry. */
  readonly status: "new" | "duplicate" | "error"
  /** Its name, such as `MUTE`. */
  readonly signal?: string
  readonly signalCode?: SignalType
  /** Member id, the same as the frame's. */
  readonly sender?: number
  /** What the sender says to be. Nothing follows from it. */
  readonly roleClaim?: number
  readonly requestId?: number
  /** What it says, with the arguments of its type. */
  readonly content?: Signal
  /**
   * False for a signal about somebody else where there is no role registry to tell whether the sender may: it is for the application to
   * judge, and {@link GspClient.isMuted} does not follow it.
   */
  readonly isAuthorized?: boolean
  readonly reason?: string
  /** Of the error registry. */
  readonly code?: number
}

/** How a {@link GspClient} is to work. */
export interface GspClientOptions {
  /** Who may do what. ROLE_CHANGE signals change it. Default: everybody decides about themselves alone. */
  readonly roles?: RoleRegistry
}

const CODECS: readonly SignalCodec[] = [CBOR_SIGNALS, PROTOBUF_SIGNALS, FLATBUFFERS_SIGNALS]
const NOTHING = new Uint8Array(0)

/** Signals of a group (GSP): sends them, takes each in once, and keeps what they made of the group. */
export class GspClient implements Disposable {
  readonly #roles: RoleRegistry | undefined
  readonly #effects: SignalEffects
  #seen = new SeenRequests()
  #epoch: bigint | undefined

  private constructor({ roles }: GspClientOptions) {
    this.#roles = roles
    this.#effects = new SignalEffects(roles)
  }

  static create(options: GspClientOptions = {}): GspClient {
    return new GspClient(options)
  }

  /** Sends a signal that has no arguments. @throws as {@link sendWithArgs} */
  send(
    node: GroupNode,
    mls: MlsContext,
    target: number,
    signal: SignalType,
    roleClaim: number,
    requestId: number,
    codec: PayloadCodec = PayloadCodec.Cbor,
  ): OutboundFrame {
    return this.sendWithArgs(node, mls, target, signal, roleClaim, requestId, NOTHING, codec)
  }

  /**
   * Sends a signal, and lets it have here the effect that it will have with others.
   *
   * @param args - CBOR: `{0: target}` for MUTE and UNMUTE, `{0: target, 1: role}` for ROLE_CHANGE, `{0: stream type}` for STREAM_START and
   *   STREAM_STOP, `{0: codec}` for CODEC_UPDATE, nothing for JOIN and LEAVE.
   * @throws StackError `bad_arguments`, or as `GroupNode.sendPayload`; RangeError for a number out of range
   */
  sendWithArgs(
    node: GroupNode,
    mls: MlsContext,
    target: number,
    signal: SignalType,
    roleClaim: number,
    requestId: number,
    args: Uint8Array,
    codec: PayloadCodec = PayloadCodec.Cbor,
  ): OutboundFrame {
    assertUint32(roleClaim, "a role")
    assertUint32(requestId, "a request id")
    const type = signalTypeFromWire(signal)
    if (type === undefined) throw new RangeError(`not a signal: ${String(signal)}`)
    const content = decodeArgs(type, args)
    if (content === undefined) {
      throw new StackError("bad_arguments", `these are not the arguments of ${type}: see GspClient.sendWithArgs`)
    }
    const about = { signalType: signal, requestId, senderId: node.memberId, roleClaim }
    const payload = codecOf(codec).encode({ ...about, argsLength: args.length, args: new Uint8Array(args) })
    const frame = node.sendPayload(mls, target, StreamType.Signal, payload, codec)
    // Others will do with it what they do with anybody's; so do we.
    if (this.#effects.refusalOf(node.memberId, content) === undefined) this.#effects.apply(node.memberId, content)
    return frame
  }

  /**
   * Takes in the `plaintext` of an event of a node: that very object. Total: it returns, whatever is in it.
   *
   * @param currentEpoch - `MlsContext.epoch`. In a new epoch request ids begin anew.
   * @param codec - Default what the frame says.
   */
  accept(plaintext: Uint8Array, currentEpoch: bigint | number, codec?: PayloadCodec): GspAcceptResult {
    this.#enter(BigInt(currentEpoch))
    const origin = originOf(plaintext, "signal")
    if (origin?.memberId === undefined) return unknownOrigin()
    const format = codec ?? origin.payloadFormat
    const message = decodedOrUndefined(() => codecOf(format).decode(plaintext))
    if (message === undefined) return refused("malformed")
    if (message.senderId !== origin.memberId) return refused("sender_mismatch")
    const content = contentOf(message)
    if (typeof content === "string") return refused(content)
    const about = { ...headOf(message, content), content }
    if (!this.#seen.add(message.senderId, message.requestId)) return { status: "duplicate", ...about }
    const refusal = this.#effects.refusalOf(message.senderId, content)
    if (refusal !== undefined && this.#roles !== undefined) return { ...about, ...refused(refusal) }
    if (refusal !== undefined) return { status: "new", ...about, isAuthorized: false }
    this.#effects.apply(message.senderId, content)
    return { status: "new", ...about, isAuthorized: true }
  }

  /** True for members who were muted by themselves, or by somebody who may. */
  isMuted(memberId: number): boolean {
    return this.#effects.isMuted(memberId)
  }

  /** Who said that they have joined, and not that they have left. A copy. */
  get present(): ReadonlySet<number> {
    return this.#effects.present
  }

  /** Forgets which requests came. */
  reset(): void {
    this.#seen = new SeenRequests()
    this.#epoch = undefined
  }

  /** Does what {@link reset} does. */
  close(): void {
    this.reset()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #enter(epoch: bigint): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#seen = new SeenRequests()
    this.#epoch = epoch
  }
}

/** @throws RangeError for a number that is no codec */
function codecOf(codec: number): SignalCodec {
  const found = CODECS.find(({ format }) => format === codec)
  if (found === undefined) throw new RangeError(`not a payload codec: ${codec}`)
  return found
}

function contentOf({ signalType, argsLength, args }: SignalMessage): Signal | DropReason {
  const type = signalTypeFromWire(signalType)
  if (type === undefined) return "unknown_signal"
  if (argsLength !== args.length) return "bad_args"
  return decodeArgs(type, args) ?? "bad_args"
}

function headOf({ senderId: sender, roleClaim, requestId }: SignalMessage, { type }: Signal) {
  return { signal: type.toUpperCase(), signalCode: signalTypeOf(type), sender, roleClaim, requestId }
}

function refused(reason: DropReason) {
  return acceptError(reason, dropError(reason))
}

import { decodeControl, encodeControl, encodeCoordinatorClaim, ERROR_REGISTRY, streamIdOf } from "@qpc/gbp"
import type { ControlMessage } from "@qpc/gbp"
import { decodedOrUndefined, equalBytes, fromUtf8, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { ControlOpcode, opcodeName } from "./control-opcode.ts"
import { complain } from "./control-plane.ts"
import type { Beginning, NodeSurroundings } from "./control-plane.ts"
import type { Delivered, FramePayload } from "./frames.ts"
import { memberOf } from "./mls-context.ts"
import type { MlsContext } from "./mls-context.ts"
import type { MlsMember } from "./mls-member.ts"
import { errorEvent } from "./node-event.ts"
import type { NodeEvent } from "./node-event.ts"
import { NodeLife } from "./node-life.ts"
import { PROFILE_1_WARNING, resolveOptions } from "./node-options.ts"
import type { GroupNodeOptions, ResolvedOptions } from "./node-options.ts"
import { profileOf } from "./node-profile.ts"
import type { NodeProfile } from "./node-profile.ts"
import { NODE_STATES } from "./node-state.ts"
import type { NodeState } from "./node-state.ts"
import { noteOrigin } from "./origin.ts"
import type { OutboundFrame } from "./outbound-frame.ts"
import { PayloadCodec } from "./payload-codec.ts"
import { StackError } from "./stack-error.ts"
import { encodeDigest } from "./state-digest.ts"
import { streamNameOf, streamTypeOf } from "./stream-type.ts"
import type { StreamType } from "./stream-type.ts"
import { assertUint32 } from "./uint32.ts"

/** A member of the group, as a node knows it. */
export interface GroupMember {
  readonly leafIndex: number
  /** `undefined` as long as nothing arrived from somebody whose leaf does not name it. */
  readonly memberId: number | undefined
  /** Who its credential says it is: a claim. `undefined` where that is not text. */
  readonly identity: string | undefined
}

/** The longest arguments of a control message: the commit of a large group fits. */
const ARGS_MAX_BYTES = 1024 * 1024 - 4096
const NOTHING = new Uint8Array(0)
const CRITICAL: ReadonlySet<number> = new Set([
  ControlOpcode.PrepareTransition,
  ControlOpcode.ReadyForTransition,
  ControlOpcode.ExecuteTransition,
])

/**
 * One member's node of GBP: frames, replay protection and the control plane. What payloads mean is the clients' business
 * (`GtpClient`, `GapClient`, `GspClient`); whose keys they are under, that of the MLS context which every call is given.
 *
 * In profile 2, the default, who sent a frame is proved by its MLS signature. A leaf has the member id that it signs (see
 * `MlsContextOptions.memberId`), or the one that {@link bindMember} gave it, or that of its first frame.
 */
export class GroupNode implements Disposable {
  readonly memberId: number
  readonly #groupId: GroupId
  readonly #options: ResolvedOptions
  readonly #life = new NodeLife()
  readonly #profile: NodeProfile
  #epoch = 0n
  #member: MlsMember | undefined

  private constructor(memberId: number, groupId: GroupId, options: ResolvedOptions) {
    this.memberId = memberId
    this.#groupId = groupId
    this.#options = options
    const node = this.#surroundings()
    this.#profile = profileOf({ groupId, node, options, epoch: () => this.#epoch })
  }

  /**
   * A node that stands idle until it is bootstrapped.
   *
   * @param memberId - Ours, from 0 to 999 999, nobody else's, never reused.
   * @param groupId - 16 bytes, copied: `MlsContext.groupId`.
   * @throws RangeError for an argument out of range
   */
  static create(memberId: number, groupId: Uint8Array, options: GroupNodeOptions = {}): GroupNode {
    if (groupId.length !== GROUP_ID_BYTES)
      throw new RangeError(`a group id has ${GROUP_ID_BYTES} bytes, not ${groupId.length}`)
    return new GroupNode(memberId, toGroupId(new Uint8Array(groupId)), resolveOptions(options))
  }

  get state(): NodeState {
    return NODE_STATES[this.#life.state]
  }

  /** In profile 2 that of the MLS context; in profile 1 that of the frames, which transitions move. */
  get epoch(): bigint {
    const isFollowing = this.#profile.ids !== undefined && this.#member?.isClosed === false
    return isFollowing && this.#member !== undefined ? this.#member.epoch : this.#epoch
  }

  get lastTransitionId(): number {
    return this.#profile.control.lastTransitionId
  }

  /** The transition that is under way, or 0. */
  get pendingTransitionId(): number {
    return this.#profile.control.pendingTransitionId
  }

  get isCoordinator(): boolean {
    return this.#profile.control.isCoordinator
  }

  /** 16 bytes, a copy. */
  get groupId(): Uint8Array {
    return this.#groupId.slice()
  }

  get profile(): "gbp/2" | "gbp/1" {
    return this.#options.profile
  }

  /** Begins as the one who made the group, and as its coordinator. @throws StackError `wrong_state` unless idle */
  bootstrapAsCreator(epoch: bigint | number): void {
    this.#begin(epoch, { as: "creator" })
  }

  /**
   * Begins as one who was invited.
   *
   * @param expectedFirstTid - The transition that lets us in, if its EXECUTE is still to come; 0 otherwise.
   * @throws StackError `wrong_state` unless idle
   */
  bootstrapAsJoiner(epoch: bigint | number, expectedFirstTid: number = 0): void {
    assertUint32(expectedFirstTid, "a transition id")
    this.#begin(epoch, { as: "joiner", expectedTransitionId: expectedFirstTid })
  }

  /** Says in which epoch profile 1 is. In profile 2 the MLS context says it, once there is one. For tests of late peers. */
  setEpochForTesting(epoch: bigint | number): void {
    this.#epoch = BigInt(epoch)
  }

  /**
   * Notes that a transition took effect. Profile 2 does it by itself with EXECUTE; it is for those who came in by a transition that is
   * over, and for those who processed its commit late.
   *
   * @throws StackError `wrong_transition`
   */
  applyTransition(transitionId: number): void {
    assertUint32(transitionId, "a transition id")
    this.#profile.control.apply(transitionId)
  }

  /**
   * Binds a leaf to a member id, before its first frame would.
   *
   * @throws StackError `member_id_taken` if either belongs to another already; `wrong_state` in profile 1, where nobody is proved
   */
  bindMember(mls: MlsContext, leafIndex: number, memberId: number): void {
    this.#use(mls)
    if (this.#profile.ids === undefined)
      throw new StackError("wrong_state", "profile 1 proves no sender: there is nothing to bind")
    this.#profile.ids.bind(leafIndex, memberId)
  }

  /** Everybody in the group. In profile 1 nobody's member id is known but ours. */
  members(mls: MlsContext): readonly GroupMember[] {
    const member = this.#use(mls)
    return member.members().map(({ leafIndex, credential }) => {
      const known = this.#profile.ids?.memberIdOf(leafIndex)
      const memberId = leafIndex === member.ownLeafIndex ? this.memberId : known
      return { leafIndex, memberId, identity: credential.kind === "basic" ? fromUtf8(credential.identity) : undefined }
    })
  }

  /**
   * Seals a payload of a client.
   *
   * @throws StackError `wrong_state`, `other_group`, `removed`, `too_large`, `epoch_exhausted`, `nonce_reuse`, `state_not_stored`
   */
  sendPayload(
    mls: MlsContext,
    target: number,
    streamType: StreamType,
    payload: Uint8Array,
    codec: PayloadCodec = PayloadCodec.Cbor,
  ): OutboundFrame {
    this.#use(mls)
    return this.#send(target, { streamType: streamNameOf(streamType), payload, payloadFormat: codec })
  }

  /**
   * Sends a message of the control plane.
   *
   * In profile 2 the coordinator alone prepares, executes and aborts; PREPARE carries the commit that `mls` has staged; EXECUTE
   * waits for everybody's READY; ABORT clears the staged commit.
   *
   * @throws StackError `not_coordinator`, `wrong_transition`, `members_not_ready`, `coordinator_is_active`, or as {@link sendPayload}
   */
  sendControl(
    mls: MlsContext,
    target: number,
    opcode: ControlOpcode,
    transitionId: number,
    requestId: number,
    args: Uint8Array = NOTHING,
  ): OutboundFrame {
    if (opcodeName(opcode) === undefined) throw new RangeError(`not an opcode: ${String(opcode)}`)
    assertUint32(transitionId, "a transition id")
    assertUint32(requestId, "a request id")
    if (args.length > ARGS_MAX_BYTES) throw new StackError("too_large", "the arguments are too large for a frame")
    const member = this.#use(mls)
    const message: ControlMessage = {
      opcode,
      requestId,
      senderId: this.memberId,
      transitionId,
      args: new Uint8Array(args),
    }
    this.#assertMaySend()
    this.#profile.control.check(member, message)
    const payload = encodeControl(message)
    const isCritical = CRITICAL.has(opcode)
    const frame = this.#send(target, {
      streamType: "control",
      payloadFormat: PayloadCodec.Cbor,
      payload,
      isCritical,
    })
    this.#profile.control.sent(member, message)
    return frame
  }

  /**
   * How things stand, to answer a GROUP_STATE_DIGEST_REQUEST: the arguments of GROUP_STATE_DIGEST_RESPONSE. A node that
   * resynchronises is active again once such an answer agrees with it.
   *
   * @throws StackError `wrong_state` in profile 1, and as long as somebody's member id is not known
   */
  stateDigest(mls: MlsContext): Uint8Array {
    const member = this.#use(mls)
    const digest = this.#profile.ids && encodeDigest(member, this.#profile.ids)
    if (digest === undefined)
      throw new StackError("wrong_state", "not everybody's member id is known: bindMember() first")
    return digest
  }

  /** Takes the coordinator's place after it was silent for its grace; what it had prepared is dropped. @throws StackError `coordinator_is_active` */
  claimCoordinator(mls: MlsContext, target: number = 0): OutboundFrame {
    this.#profile.control.assertMayClaim()
    const args = encodeCoordinatorClaim()
    return this.sendControl(mls, target, ControlOpcode.CapabilitiesAdvertise, this.lastTransitionId, 0, args)
  }

  /**
   * Takes in what arrived. Whatever bytes these are, it returns; nothing changes unless a member of the group sealed them.
   *
   * @returns what happened, events that waited included
   * @throws StackError `wrong_state` before the bootstrap and once failed or closed; `other_group` for the context of another group
   */
  onWire(mls: MlsContext, wire: Uint8Array): NodeEvent[] {
    const member = this.#use(mls)
    this.#assertMaySend()
    if (!member.isActive) {
      this.#life.emit(errorEvent(ERROR_REGISTRY.DECRYPT_FAILED, "this member is out of the group", false))
      return this.#life.drain()
    }
    const received = this.#profile.frames.receive(wire)
    if (received.kind === "drop") {
      // Whatever the registry says: bytes that nobody has proved must not be able to end a node.
      this.#life.emit(errorEvent(received.error, received.reason, false))
    } else if (received.streamType === "control") this.#receiveControl(member, received)
    else this.#deliver(received)
    return this.#life.drain()
  }

  /** Does what is due: errors for what took too long. Call it every half second or so. */
  checkTimeouts(nowMs: number = this.#options.now()): NodeEvent[] {
    if (this.#life.state === "active" || this.#life.state === "resyncing") this.#profile.control.checkTimeouts(nowMs)
    return this.#life.drain()
  }

  /** Events that wait, such as those of the bootstrap. */
  drainEvents(): NodeEvent[] {
    return this.#life.drain()
  }

  /**
   * What is to be stored with the MLS state, and as often: the sequence numbers in use; in profile 2 also whose member ids are
   * whose, who the coordinator is, the last transition and the one under way. No secret, but nobody else may change it.
   */
  exportOutSeq(): Uint8Array {
    return this.#profile.memory.toBytes()
  }

  /** Goes on from what was stored. Call it before anything is sent or received. @throws StackError `bad_state`, also from the first send */
  restoreOutSeq(numbers: Uint8Array): void {
    this.#profile.memory.restore(numbers)
  }

  /** Ends the node; closing twice is fine. The MLS context stays as it is. */
  close(): void {
    this.#life.become("closed")
    this.#profile.frames[Symbol.dispose]()
    this.#member = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #surroundings(): NodeSurroundings {
    const life = this.#life
    return {
      ownId: this.memberId,
      get state() {
        return life.state
      },
      nowMs: this.#options.now,
      emit: (event) => life.emit(event),
      become: (state) => life.become(state),
      applied: (transitionId) => this.#applied(transitionId),
    }
  }

  #applied(transitionId: number): void {
    const isMerged = this.#profile.ids !== undefined && this.#member?.staged === undefined
    this.#epoch = isMerged ? this.epoch : this.epoch + 1n
    this.#life.emit({ kind: "epoch_advanced", epoch: this.#epoch, transitionId })
  }

  #begin(epoch: bigint | number, beginning: Beginning): void {
    if (this.#life.state !== "idle") throw new StackError("wrong_state", "a node is bootstrapped once: make a new one")
    this.#epoch = BigInt(epoch)
    this.#life.become("connecting")
    this.#life.become("establishing_group")
    this.#profile.control.begin(beginning)
    this.#life.become("active")
    if (this.#options.profile === "gbp/1") this.#life.emit({ kind: "warning", reason: PROFILE_1_WARNING })
  }

  /** @throws StackError `closed`, `other_group` */
  #use(mls: MlsContext): MlsMember {
    const member = memberOf(mls)
    if (!equalBytes(member.groupId, this.#groupId)) {
      throw new StackError("other_group", "the MLS context is of another group: make a node for it")
    }
    this.#profile.frames.use(member)
    this.#member = member
    return member
  }

  #assertMaySend(): void {
    const { state } = this.#life
    if (state === "active" || state === "resyncing") return
    const remedy = state === "idle" ? "bootstrap it first" : "make a new one"
    throw new StackError("wrong_state", `the node is ${state}: ${remedy}`)
  }

  #send(target: number, payload: FramePayload): OutboundFrame {
    assertUint32(target, "a target")
    this.#assertMaySend()
    return { target, wire: this.#profile.frames.send(payload) }
  }

  #receiveControl(member: MlsMember, { plaintext, memberId, leafIndex, isSigned }: Delivered): void {
    if (memberId === undefined) throw new Error("unreachable: only audio has no known sender")
    const message = decodedOrUndefined(() => decodeControl(plaintext, ARGS_MAX_BYTES))
    if (message === undefined) return this.#violates("not a control message")
    const opcode = opcodeName(message.opcode)
    if (opcode === undefined) return this.#violates(`unknown opcode ${message.opcode}`)
    if (message.senderId !== memberId) {
      return this.#violates(`member ${memberId} speaks for member ${message.senderId}`)
    }
    if (!this.#profile.control.received(member, { message, memberId, leafIndex })) return
    const { transitionId, requestId, args } = message
    const about = { opcode, opcodeCode: message.opcode, transitionId, requestId, args }
    this.#life.emit({ kind: "control", sender: memberId, isAuthenticated: isSigned, ...about })
  }

  #violates(how: string): void {
    complain(this.#life, "STREAM_POLICY_VIOLATION", how)
  }

  #deliver({ isSigned, sequence, streamType, flags, payloadFormat, plaintext, ...origin }: Delivered): void {
    const { memberId } = origin
    noteOrigin(plaintext, { ...origin, sequence, streamType, payloadFormat })
    this.#life.emit({
      kind: "payload_received",
      ...(memberId !== undefined && { sender: memberId, streamId: streamIdOf(streamType, memberId) }),
      isAuthenticated: isSigned,
      streamType: streamTypeOf(streamType),
      streamTypeName: streamType,
      sequenceNo: sequence,
      flags,
      codec: payloadFormat,
      plaintext,
    })
  }
}

import type { AudioEpoch } from "@qpc/gap"
import type { ControlMessage, DropReason, EndpointState, LiveStart, LiveStep, Payload } from "@qpc/gbp"
import { decodeControl, FRAME_MAX_BYTES, LiveControl, OPCODE_UPDATE_ASK, Receiver, Sender } from "@qpc/gbp"
import type { ReceivedPayload } from "@qpc/gbp"
import { decodeSignal, encodeSignal, SIGNAL_CODES } from "@qpc/gsp"
import { Group } from "@qpc/mls"
import { decodedOrUndefined, toGroupId } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { requirementsExtension } from "../capabilities-extension.ts"
import type { StackRequirements } from "../capabilities-extension.ts"
import type { LiveChange } from "./live-change.ts"
import type { LiveIdentity } from "./live-identity.ts"
import { LiveKeys } from "./live-keys.ts"
import { LIVE_POLICY, liveLeaf } from "./live-leaf.ts"
import { dropped, earlier, NO_STEP } from "./live-member-step.ts"
import type { LiveMemberEvent, LiveMemberStep } from "./live-member-step.ts"
import { LiveRenewal } from "./live-renewal.ts"
import { LiveMlsGroup, meetsRequirements } from "./live-mls-group.ts"

/** What {@link LiveMember.create} needs. */
export interface LiveGroupOptions extends LiveIdentity {
  /** 16 bytes, never used before. */
  readonly groupId: Uint8Array
  /** The creator's. Those of others go up from there. */
  readonly memberId: number
  /**
   * What everybody in the group has to be able to do, for good: nobody who says to know less is let in, and nobody says less later. Default
   * version 2.
   */
  readonly requirements?: StackRequirements
  readonly nowMs: number
}

const NOTHING = new Uint8Array(0)
/** How often a member gets new keys that asks for them. Milliseconds. */
const UPDATE_EVERY_MS = 20_000

/**
 * One member of a live group over MLS: calls and meshes, whose members are there at the same time and have no delivery service.
 *
 * Pure and synchronous: frames and time (Unix time in milliseconds, never going back) come in; frames, events and the next deadline come
 * out. Total for foreign bytes. Nothing is stored: whoever restarts is invited anew, under another member id.
 */
export class LiveMember implements Disposable {
  readonly memberId: number
  readonly #group: Group
  readonly #keys: LiveKeys
  readonly #renewal: LiveRenewal
  readonly #live: LiveMlsGroup
  readonly #sender: Sender
  readonly #receiver: Receiver
  readonly #control: LiveControl<LiveChange>
  /** How many were given out. */
  #audioContexts = 0n
  /** Members who said that they go. */
  readonly #leaving = new Set<number>()
  /** Those of them whose removal was asked for, under the present coordinator in the present epoch. */
  readonly #asked = new Set<number>()
  /** When we last committed new keys for somebody who asked. */
  readonly #updatedAtMs = new Map<number, number>()

  private constructor(group: Group, identity: LiveIdentity, start: LiveStart, nowMs: number) {
    const { suite, random, limits, accepts = () => true } = identity
    if (suite.sizes.hashBytes !== 32) throw new RangeError("the hash of the cipher suite has to be SHA-256")
    this.#group = group
    this.#keys = new LiveKeys(group, random)
    this.#keys.nowMs = nowMs
    const surroundings = { groupId: toGroupId(group.groupId), keys: this.#keys, membership: this.#keys }
    this.#sender = new Sender(surroundings, group.ownLeafIndex)
    this.#receiver = new Receiver(surroundings)
    const ownId = this.#keys.roster.memberIdOf(group.ownLeafIndex)
    if (ownId === undefined) throw new Error("unreachable: every leaf has a member id")
    this.memberId = ownId
    this.#renewal = new LiveRenewal(group, random)
    this.#live = new LiveMlsGroup({
      suite,
      random,
      accepts,
      group,
      keys: this.#keys,
      sender: this.#sender,
      receiver: this.#receiver,
      renewal: this.#renewal,
    })
    this.#control = new LiveControl({ group: this.#live, ownId, start, nowMs, ...(limits && { limits }) })
  }

  /** A new group with its creator as the only member, and coordinator. @throws RangeError for options that contradict */
  static create(options: LiveGroupOptions): LiveMember {
    const { memberId, capabilities, requirements, ...about } = options
    const extensions = requirements === undefined ? [] : [requirementsExtension(requirements)]
    const group = Group.create({
      ...about,
      limits: {},
      policy: LIVE_POLICY,
      ...liveLeaf(memberId, capabilities),
      extensions,
    })
    if (!group.members().every((one) => meetsRequirements(group, one))) {
      group[Symbol.dispose]()
      throw new RangeError("the creator cannot do what the group is to demand of everybody")
    }
    return new LiveMember(group, options, { kind: "creator" }, options.nowMs)
  }

  /**
   * A member of a group that exists; see `LiveInvitee`. Takes ownership of the group, whose policy has to allow proposals: others refer to
   * Updates.
   *
   * @throws RangeError unless every leaf signs a member id of its own, and the hash of the suite is SHA-256
   */
  static of(group: Group, identity: LiveIdentity, start: LiveStart, nowMs: number): LiveMember {
    return new LiveMember(group, identity, start, nowMs)
  }

  get groupId(): GroupId {
    return toGroupId(this.#group.groupId)
  }

  get epoch(): bigint {
    return this.#keys.epoch
  }

  /** Of the present epoch, ours among them, ascending. */
  get memberIds(): readonly number[] {
    return this.#keys.roster.memberIds
  }

  get coordinatorId(): number {
    return this.#control.coordinatorId
  }

  get endpoint(): EndpointState {
    return this.#control.endpoint
  }

  get lastTransitionId(): number {
    return this.#control.lastTransitionId
  }

  /** The transition that is under way, or 0. */
  get pendingTransitionId(): number {
    return this.#control.pendingTransitionId
  }

  /** For whoever is invited next. Another invitation that waits has to count on. */
  get nextMemberId(): number {
    return this.#control.highestMemberId + 1
  }

  /** Equal for all members of one epoch (RFC 9420 §8.7): to be compared by people, or by tests. Owned. @throws TypeError once removed */
  epochAuthenticator(): Uint8Array {
    return this.#group.epochAuthenticator()
  }

  /** What audio needs of the present epoch; `undefined` once we are out. See `LiveAudio`. */
  audioEpoch(): AudioEpoch | undefined {
    if (this.#isOut) return undefined
    const { roster } = this.#keys
    return {
      epoch: this.epoch,
      exportSecret: (label, context, lengthBytes) => this.#group.export(label, context, lengthBytes),
      ownLeafIndex: this.#group.ownLeafIndex,
      memberIdOf: (leafIndex) => roster.memberIdOf(leafIndex),
    }
  }

  /**
   * The SFrame context of one more object that seals audio for us. None comes twice in the life of this member, and it
   * has no other life: whoever restarts is invited anew, into another epoch.
   */
  nextAudioContext(): bigint {
    return this.#audioContexts++
  }

  /** What came of coming in. Take it once. */
  begin(nowMs: number): LiveMemberStep {
    return this.#finish(this.#control.begin(), [], nowMs)
  }

  /**
   * Lets somebody in, when its turn comes: the event `welcome` has what to hand to them.
   *
   * @param keyPackage - of a `LiveInvitee` with {@link nextMemberId}
   * @throws TypeError unless we are the coordinator
   * @throws RangeError when too many changes wait
   */
  invite(keyPackage: Uint8Array, nowMs: number): LiveMemberStep {
    return this.#request({ kind: "add", keyPackage }, nowMs)
  }

  /**
   * Removes one member or several, who are not asked. Those who are gone are best removed together: who stays has to be ready for it.
   *
   * @throws TypeError unless we are the coordinator
   * @throws RangeError as {@link invite}
   */
  remove(whom: number | readonly number[], nowMs: number): LiveMemberStep {
    return this.#request({ kind: "remove", memberIds: typeof whom === "number" ? [whom] : whom }, nowMs)
  }

  /**
   * Gives us new keys and everybody new secrets, when its turn comes: whoever got hold of old ones reads nothing from then on. Who is not
   * coordinator has the coordinator commit it, and asks for half a minute. The end is `change_done` or `change_failed`.
   *
   * @throws TypeError once we are out
   * @throws RangeError as {@link invite}
   */
  updateKeys(nowMs: number): LiveMemberStep {
    if (this.#isOut || this.coordinatorId === this.memberId) return this.#request({ kind: "update_keys" }, nowMs)
    this.#renewal.want(nowMs)
    return this.tick(nowMs)
  }

  /**
   * Says that we go, and is out of it at once. The coordinator removes us; if that was us, the next one does.
   *
   * @throws TypeError once we are out
   */
  leave(nowMs: number): LiveMemberStep {
    const signal = { requestId: 0, senderId: this.memberId, roleClaim: 0, argsLength: 0, args: NOTHING }
    const payload = encodeSignal({ signalType: SIGNAL_CODES.leave, ...signal })
    const said = this.send({ streamType: "signal", payload }, nowMs)
    const closed = this.#finish(this.#control.close(), [], nowMs)
    return { ...closed, frames: [...said.frames, ...closed.frames] }
  }

  /**
   * Seals a payload for everybody. Padded, so that its length says little. Audio has frames of its own: `LiveAudio`.
   *
   * @throws TypeError once we are out, and for audio
   * @throws RangeError if it is too large, or after 2^32 frames of one stream in one epoch
   */
  send(payload: Payload, nowMs: number): LiveMemberStep {
    if (this.#isOut) throw new TypeError("the group is over for us: be invited anew")
    if (payload.streamType === "audio") throw new TypeError("audio is SFrame alone: send it with LiveAudio")
    const framed = this.#sender.send(payload)
    if (framed.kind === "refused") throw new RangeError(`the payload cannot be sent: ${framed.reason}`)
    const step = this.tick(nowMs)
    return { ...step, frames: [{ to: "all", bytes: framed.bytes }, ...step.frames] }
  }

  /** Takes in what claims to be a frame of the group. Total for foreign bytes. */
  receive(bytes: Uint8Array, nowMs: number): LiveMemberStep {
    if (this.#isOut) return this.tick(nowMs)
    this.#keys.nowMs = nowMs
    const received = this.#receiver.receive(bytes)
    if (received.kind === "drop") return this.#takeDropped(received.reason, bytes, nowMs)
    const senderId = this.#keys.memberIdOf(received.senderLeafIndex, received.epoch)
    if (senderId === undefined) throw new Error("unreachable: the receiver has looked who it is")
    if (received.content.streamType !== "control") return this.#takePayload(received, senderId, nowMs)
    const message = decodedOrUndefined(() => decodeControl(received.content.payload, FRAME_MAX_BYTES))
    if (message === undefined) return this.#finish(this.#control.tick(nowMs), [dropped("malformed_content")], nowMs)
    if (message.opcode === OPCODE_UPDATE_ASK) return this.#takeUpdateAsk(message, received, senderId, nowMs)
    const step = this.#control.receive({ message, senderId, epoch: received.epoch, frame: bytes }, nowMs)
    return this.#finish(step, [], nowMs)
  }

  /** The connection to a member is gone: nobody waits for it any longer. */
  unreachable(memberId: number, nowMs: number): LiveMemberStep {
    return this.#finish(this.#control.unreachable(memberId, nowMs), [], nowMs)
  }

  /** Does what is due. */
  tick(nowMs: number): LiveMemberStep {
    this.#keys.nowMs = nowMs
    return this.#finish(this.#control.tick(nowMs), [], nowMs)
  }

  /** Zeroes all keys. Call nothing afterwards. */
  [Symbol.dispose](): void {
    if (!this.#isOut) this.#control.close()
    this.#renewal[Symbol.dispose]()
    this.#keys[Symbol.dispose]()
  }

  get #isFree(): boolean {
    return this.endpoint === "active" && this.pendingTransitionId === 0
  }

  get #isOut(): boolean {
    return this.endpoint === "failed" || this.endpoint === "closed"
  }

  #request(change: LiveChange, nowMs: number): LiveMemberStep {
    this.#keys.nowMs = nowMs
    return this.#finish(this.#control.request(change, nowMs), [], nowMs)
  }

  /** A member wants new keys. Whoever is no coordinator now, or has something under way, is asked again. */
  #takeUpdateAsk(
    { senderId: named, args: update }: ControlMessage,
    { epoch }: ReceivedPayload,
    memberId: number,
    nowMs: number,
  ): LiveMemberStep {
    const isOurs = named === memberId && epoch === this.epoch && this.#isFree && this.coordinatorId === this.memberId
    // Whoever was removed can still seal in the epochs before.
    if (this.memberIds.includes(memberId)) this.#control.heard(memberId, nowMs)
    // One who asks without end would keep the group busy with it.
    const isOften = nowMs - (this.#updatedAtMs.get(memberId) ?? Number.NEGATIVE_INFINITY) < UPDATE_EVERY_MS
    if (!isOurs || isOften) return this.tick(nowMs)
    for (const id of this.#updatedAtMs.keys()) if (!this.memberIds.includes(id)) this.#updatedAtMs.delete(id)
    this.#updatedAtMs.set(memberId, nowMs)
    return this.#request({ kind: "update_leaf", memberId, update }, nowMs)
  }

  #takeDropped(reason: DropReason, bytes: Uint8Array, nowMs: number): LiveMemberStep {
    const events = [dropped(reason)]
    if (reason === "epoch_in_future") return this.#finish(this.#control.behind(nowMs), events, nowMs)
    if (reason === "decrypt_failed") return this.#finish(this.#control.undecryptable(nowMs), events, nowMs)
    if (reason === "epoch_too_old") return this.#finish(this.#control.tooOld(nowMs), events, nowMs)
    // MLS opened it before, or it is ours: what there was in it is remembered where it can be needed.
    if (reason === "replay_detected") return this.#finish(this.#control.receiveAgain(bytes, nowMs), events, nowMs)
    return this.#finish(this.#control.tick(nowMs), events, nowMs)
  }

  #takePayload(received: ReceivedPayload, senderId: number, nowMs: number): LiveMemberStep {
    const reason = this.#objection(received, senderId)
    if (reason !== undefined) return this.#finish(this.#control.tick(nowMs), [dropped(reason)], nowMs)
    this.#control.heard(senderId, nowMs)
    if (received.epoch > this.epoch) {
      const events = this.#keys.keepAhead(received) ? [] : [dropped("epoch_in_future")]
      return this.#finish(this.#control.behind(nowMs), events, nowMs)
    }
    const events = this.#told(received, senderId)
    const isLeaving = events.some(({ kind }) => kind === "leaves")
    const step = isLeaving ? this.#control.unreachable(senderId, nowMs) : this.#control.tick(nowMs)
    return this.#finish(step, events, nowMs)
  }

  #objection(received: ReceivedPayload, senderId: number): DropReason | undefined {
    if (received.content.streamType === "audio") return "unknown_stream_type"
    // They have the keys of the epochs before still, and nobody listens to them any more.
    return received.epoch < this.epoch && !this.memberIds.includes(senderId) ? "sender_mismatch" : undefined
  }

  #told(received: ReceivedPayload, senderId: number): LiveMemberEvent[] {
    const { streamType, payloadFormat, payload } = received.content
    const signal =
      streamType === "signal" && payloadFormat === 0 ? decodedOrUndefined(() => decodeSignal(payload)) : undefined
    const isLeave = signal?.signalType === SIGNAL_CODES.leave && signal.senderId === senderId
    if (!isLeave) return [{ kind: "payload", senderId, received }]
    // Of an epoch that is in effect only now, without them.
    if (!this.memberIds.includes(senderId)) return []
    this.#leaving.add(senderId)
    return [{ kind: "leaves", memberId: senderId }]
  }

  /** Adds to what the control plane does what follows from it. */
  #finish(step: LiveStep<LiveChange>, before: readonly LiveMemberEvent[], nowMs: number): LiveMemberStep {
    const frames = [...step.frames]
    const events: LiveMemberEvent[] = [...before, ...step.events]
    const isNew = step.events.some(({ kind }) => kind === "epoch_advanced" || kind === "coordinator_changed")
    if (isNew) this.#asked.clear()
    const memberIds = this.#toRemove()
    for (const memberId of memberIds) this.#asked.add(memberId)
    const more = memberIds.length === 0 ? undefined : this.#control.request({ kind: "remove", memberIds }, nowMs)
    frames.push(...(more?.frames ?? []))
    events.push(...(more?.events ?? []))
    const renewed = this.#mindRenewal(nowMs)
    frames.push(...renewed.frames)
    events.push(...renewed.events)
    this.#keys.lastTransitionId = this.lastTransitionId
    for (const received of this.#keys.takeArrived()) {
      const senderId = this.#keys.memberIdOf(received.senderLeafIndex, received.epoch)
      if (senderId !== undefined) events.push(...this.#told(received, senderId))
    }
    const controlAtMs = renewed.wakeAtMs ?? (more ?? step).wakeAtMs
    return { frames, events, wakeAtMs: earlier(controlAtMs, this.#isOut ? undefined : this.#renewal.wakeAtMs) }
  }

  /** Asks for new keys of ours, if they are wanted; `wakeAtMs` only where the control plane has another time by now. */
  #mindRenewal(nowMs: number): LiveMemberStep {
    const { memberId, coordinatorId } = this
    if (this.#isOut) return NO_STEP
    const next = this.#renewal.next({ nowMs, isFree: this.#isFree, memberId, coordinatorId })
    if (next.kind === "told") return { ...NO_STEP, events: next.events }
    if (next.kind === "commit") return this.#control.request(next.change, nowMs)
    const about = { requestId: 0, senderId: memberId, transitionId: this.lastTransitionId, args: next.update }
    const bytes = this.#live.seal({ opcode: OPCODE_UPDATE_ASK, ...about })
    return { ...NO_STEP, frames: [{ to: coordinatorId, bytes }] }
  }

  #toRemove(): number[] {
    const isOurs = this.endpoint === "active" && this.coordinatorId === this.memberId
    const { memberIds } = this
    for (const memberId of this.#leaving) if (!memberIds.includes(memberId)) this.#leaving.delete(memberId)
    return isOurs ? [...this.#leaving].filter((memberId) => !this.#asked.has(memberId)) : []
  }
}

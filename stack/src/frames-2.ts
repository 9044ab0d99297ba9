import { dropError, isAudioFrame, memberIdOfStream, Receiver, Sender } from "@qpc/gbp"
import type { DropReason, FrameSurroundings } from "@qpc/gbp"
import { DecodeError } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { AudioFrames } from "./audio-frames.ts"
import { ContextKeys } from "./context-keys.ts"
import type { FramePayload, Frames, ReceivedBytes } from "./frames.ts"
import { MemberIds } from "./member-ids.ts"
import type { MlsMember } from "./mls-member.ts"
import { refusedFrame, StackError } from "./stack-error.ts"

/** Frames of profile 2: each sealed and signed by MLS, its sender known by its leaf. */
export class Frames2 implements Frames {
  readonly ids: MemberIds
  readonly #keys = new ContextKeys()
  readonly #surroundings: FrameSurroundings
  readonly #receiver: Receiver
  readonly #audio: AudioFrames
  #sender: { readonly leafIndex: number; readonly sender: Sender } | undefined
  /** Numbers to go on from, as long as nothing was sent. */
  #restored: Uint8Array | undefined

  /** @throws RangeError for a member id that is none */
  constructor(groupId: GroupId, ownId: number, nowMs: () => number) {
    this.#audio = new AudioFrames(groupId, nowMs)
    this.ids = new MemberIds(ownId, () => this.#keys.member)
    this.#surroundings = { groupId, keys: this.#keys, membership: this.ids }
    this.#receiver = new Receiver(this.#surroundings)
  }

  use(member: MlsMember): void {
    const { memberId } = member
    if (memberId !== undefined && memberId !== this.ids.ownId) {
      const message = `the MLS context signs member id ${memberId}, this node is member ${this.ids.ownId}`
      throw new StackError("member_id_taken", message)
    }
    this.#keys.use(member)
    this.ids.noteSigned()
    if (member.isActive) this.#audio.follow(member)
  }

  send({ isCritical = false, ...payload }: FramePayload): Uint8Array {
    if (payload.streamType === "audio") {
      return this.#audio.send(this.#keys.member, payload.payload, payload.payloadFormat)
    }
    const framed = this.#senderOf(this.#keys.member).send({ ...payload, isCritical })
    if (framed.kind === "refused") throw refusedFrame(framed.reason)
    return framed.bytes
  }

  receive(bytes: Uint8Array): ReceivedBytes {
    if (isAudioFrame(bytes)) return this.#receiveAudio(bytes)
    const received = this.#receiver.receive(bytes)
    if (received.kind === "drop") return dropped(received.reason)
    const { epoch, senderLeafIndex, content } = received
    const memberId = memberIdOfStream(content.streamType, content.streamId)
    if (memberId === undefined) throw new Error("unreachable: the stream was compared with its sender")
    this.ids.note(senderLeafIndex, memberId, epoch)
    const { streamType, sequence, flags, payloadFormat, payload } = content
    const about = { streamType, sequence, flags, payloadFormat, plaintext: payload, epoch, run: 0n }
    return { ...about, kind: "payload", memberId, leafIndex: senderLeafIndex, isSigned: true }
  }

  /** The sequence numbers in use; empty if nothing was sent. */
  exportSequences(): Uint8Array {
    return this.#sender?.sender.toBytes() ?? this.#restored?.slice() ?? new Uint8Array(0)
  }

  /** Numbers that do not fit are found with the first frame: only then there are keys. @throws StackError `wrong_state` */
  restoreSequences(bytes: Uint8Array): void {
    if (this.#sender !== undefined) {
      throw new StackError("wrong_state", "restore the numbers before the node sends anything")
    }
    this.#restored = bytes.slice()
  }

  [Symbol.dispose](): void {
    this.#sender = undefined
    this.#audio[Symbol.dispose]()
  }

  #receiveAudio(bytes: Uint8Array): ReceivedBytes {
    const received = this.#audio.receive(this.#keys.member, bytes)
    if (received.kind === "drop" || received.leafIndex === undefined) return received
    const { leafIndex, epoch } = received
    // Whoever had the leaf then may be gone: nobody listens to them any more, and they are not who has it now.
    if (this.#keys.member.member(leafIndex, epoch) === undefined) return dropped("sender_mismatch")
    return { ...received, memberId: this.ids.memberIdOf(leafIndex, epoch) }
  }

  #senderOf(member: MlsMember): Sender {
    const leafIndex = member.ownLeafIndex
    // A member who comes into the group again may have another leaf. It is in another epoch then, where numbers begin anew.
    if (this.#sender?.leafIndex !== leafIndex) this.#sender = { leafIndex, sender: this.#newSender(leafIndex) }
    return this.#sender.sender
  }

  #newSender(leafIndex: number): Sender {
    const restored = this.#restored
    this.#restored = undefined
    if (restored === undefined || restored.length === 0) return new Sender(this.#surroundings, leafIndex)
    try {
      return Sender.fromBytes(restored, this.#surroundings, leafIndex)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#restored = restored
      const message =
        "these are not numbers that exportOutSeq() gave for this group, or they are newer than the MLS state"
      throw new StackError("bad_state", message, { cause: error })
    }
  }
}

function dropped(reason: DropReason): ReceivedBytes {
  return { kind: "drop", reason, error: dropError(reason) }
}

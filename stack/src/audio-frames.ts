import { platform } from "#platform"
import type { SFrameCipher } from "@qpc/crypto"
import { AudioKeys, dropError, readAudioFrame } from "@qpc/gap"
import type { FrameDropReason } from "@qpc/gap"
import { AUDIO_FRAME_MAX_BYTES, audioFrameMetadata, encodeAudioFrame, FLAG_ORDERED } from "@qpc/gbp"
import type { PayloadFormat } from "@qpc/gbp"
import { BASE_KEY_LABEL } from "@qpc/sframe"
import { equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ReceivedBytes } from "./frames.ts"
import type { MlsMember } from "./mls-member.ts"
import { sealWith, sendingSession } from "./sframe-senders.ts"
import { refusedFrame } from "./stack-error.ts"

/** AES_128_GCM_SHA256_128 of the SFrame registry. */
export const AES_128_GCM_SHA256_128 = 4

/**
 * Audio of profile 2 (SFrame), both ways. Nobody signs it: a frame is from whoever's leaf its key id names, or from another member who
 * pretends to be; from outsiders it cannot be. So nothing is learned from it about who is who.
 *
 * What is sent is under the epoch that the context is in, at once. `LiveAudio` seals under the old one for a moment where people only
 * come in (RFC 9605 §4.4.1); here the application merges commits, by hand and when it says, and whoever it lets in has to hear its next frame.
 */
export class AudioFrames implements Disposable {
  readonly #groupId: GroupId
  readonly #nowMs: () => number
  #keys: AudioKeys | undefined

  constructor(groupId: GroupId, nowMs: () => number) {
    this.#groupId = groupId
    this.#nowMs = nowMs
  }

  /** Goes on to the epoch of the group, once there was audio at all. */
  follow(member: MlsMember): void {
    if (this.#keys !== undefined) this.#keysFor(member)
  }

  /** @throws StackError `removed`, `epoch_exhausted`, `too_large`, `state_not_stored` */
  send(member: MlsMember, payload: Uint8Array, payloadFormat: PayloadFormat): Uint8Array {
    // Whoever speaks listens: frames of this epoch that come after the next one began open then.
    this.#keysFor(member)
    // One for all nodes of the context, which share its counter: none has a key id to itself.
    const session = sendingSession({ member, label: BASE_KEY_LABEL, cipher: cipherOf(AES_128_GCM_SHA256_128) })
    const header = { groupId: this.#groupId, epoch: member.epoch, payloadFormat }
    const bytes = encodeAudioFrame(header, sealWith(session, payload, audioFrameMetadata(header)))
    if (bytes.length > AUDIO_FRAME_MAX_BYTES) throw refusedFrame("too_large")
    return bytes
  }

  /** Total for foreign bytes. The sender is left to the caller, who knows the members' ids. */
  receive(member: MlsMember, bytes: Uint8Array): ReceivedBytes {
    const frame = readAudioFrame(bytes)
    if (typeof frame === "string") return dropped(frame)
    if (!equalBytes(frame.groupId, this.#groupId)) return dropped("unknown_group")
    const { epoch, payloadFormat } = frame
    const opened = this.#keysFor(member).open(frame.sframe, audioFrameMetadata(frame), { epoch, nowMs: this.#nowMs() })
    if (opened.kind === "rejected") return dropped(opened.reason)
    // Those keys only listen, so that frames of ours that come back open too.
    if (opened.senderId === member.ownLeafIndex) return dropped("own_frame")
    const about = { streamType: "audio", flags: FLAG_ORDERED, payloadFormat, epoch, isSigned: false } as const
    const sequence = Number(opened.counter) + 1
    return {
      ...about,
      kind: "payload",
      sequence,
      run: opened.context,
      plaintext: opened.payload,
      memberId: undefined,
      leafIndex: opened.senderId,
    }
  }

  [Symbol.dispose](): void {
    this.#keys?.[Symbol.dispose]()
    this.#keys = undefined
  }

  /** What opens frames. To the keys a member is its leaf: ids that nobody has proved yet are none of theirs. */
  #keysFor(member: MlsMember): AudioKeys {
    this.#keys ??= new AudioKeys({ cipher: cipherOf(AES_128_GCM_SHA256_128), context: 0n })
    const { epoch } = member
    if (this.#keys.epoch === epoch) return this.#keys
    const leaves = new Set(member.members().map(({ leafIndex }) => leafIndex))
    const memberIdOf = (leafIndex: number) => (leaves.has(leafIndex) ? leafIndex : undefined)
    const exportSecret = (label: string, context: Uint8Array, lengthBytes: number) =>
      member.exportSecret(label, context, lengthBytes)
    this.#keys.enterEpoch({ epoch, exportSecret, ownLeafIndex: undefined, memberIdOf }, this.#nowMs())
    return this.#keys
  }
}

/** A cipher suite of SFrame by its registered number. */
export function cipherOf(id: number): SFrameCipher {
  const cipher = platform.sframeCiphers.get(id)
  if (cipher === undefined) throw new Error(`unreachable: no SFrame cipher suite ${id}`)
  return cipher
}

function dropped(reason: FrameDropReason): ReceivedBytes {
  return { kind: "drop", reason, error: dropError(reason) }
}

import { platform } from "#platform"
import type { SFrameCipher } from "@qpc/crypto"
import { AudioKeys, dropError, readAudioFrame } from "@qpc/gap"
import type { FrameDropReason } from "@qpc/gap"
import { AUDIO_FRAME_MAX_BYTES, audioFrameMetadata, encodeAudioFrame, FLAG_ORDERED } from "@qpc/gbp"
import type { PayloadFormat } from "@qpc/gbp"
import { equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ReceivedBytes } from "./frames.ts"
import type { MlsMember } from "./mls-member.ts"
import { refusedFrame } from "./stack-error.ts"

/** AES_128_GCM_SHA256_128 of the SFrame registry. */
export const AES_128_GCM_SHA256_128 = 4

/**
 * Audio of profile 2 (SFrame), both ways. Nobody signs it: a frame is from whoever's leaf its key id names, or from another member who
 * pretends to be; from outsiders it cannot be. So nothing is learned from it about who is who.
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

  /** @throws StackError `removed`, `epoch_exhausted` */
  send(member: MlsMember, payload: Uint8Array, payloadFormat: PayloadFormat): Uint8Array {
    const keys = this.#keysFor(member)
    const header = { groupId: this.#groupId, epoch: member.epoch, payloadFormat }
    const sframe = keys.seal(payload, audioFrameMetadata(header))
    if (sframe === undefined) throw refusedFrame("epoch_exhausted")
    const bytes = encodeAudioFrame(header, sframe)
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
    const about = { streamType: "audio", flags: FLAG_ORDERED, payloadFormat, epoch, isSigned: false } as const
    const sequence = Number(opened.counter) + 1
    return {
      ...about,
      kind: "payload",
      sequence,
      plaintext: opened.payload,
      memberId: undefined,
      leafIndex: opened.senderId,
    }
  }

  [Symbol.dispose](): void {
    this.#keys?.[Symbol.dispose]()
    this.#keys = undefined
  }

  /** To the keys a member is its leaf: ids that nobody has proved yet are none of theirs. */
  #keysFor(member: MlsMember): AudioKeys {
    this.#keys ??= new AudioKeys({ cipher: cipherOf(AES_128_GCM_SHA256_128), random: platform.random })
    const { epoch, ownLeafIndex } = member
    if (this.#keys.epoch === epoch) return this.#keys
    const leaves = new Set(member.members().map(({ leafIndex }) => leafIndex))
    const memberIdOf = (leafIndex: number) => (leaves.has(leafIndex) ? leafIndex : undefined)
    const exportSecret = (label: string, context: Uint8Array, lengthBytes: number) =>
      member.exportSecret(label, context, lengthBytes)
    this.#keys.enterEpoch({ epoch, exportSecret, ownLeafIndex, memberIdOf }, this.#nowMs())
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

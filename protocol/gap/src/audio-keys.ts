import type { ExportSecret } from "@qpc/gbp"
import { baseKeyExport, SFrameLimitError, SFrameSession } from "@qpc/sframe"
import type { FrameDropReason, SFrameLimits, SFrameSessionOptions } from "@qpc/sframe"

/** What {@link AudioKeys} needs once. */
export interface AudioKeysOptions {
  /** The suite that the group agreed on; AES-128-GCM (4) is the usual one. */
  readonly cipher: SFrameSessionOptions["cipher"]
  /**
   * 32 bits that no other object ever has that seals for our leaf in the same epoch: see {@link AudioKeys}. 0 makes the
   * shortest frames.
   */
  readonly context: bigint
  /** Default: an overlap of 10 s, 16 past epochs, 8 contexts for each member, 2^24 frames for each key. */
  readonly limits?: Partial<Omit<SFrameLimits, "frameBytes">>
}

/** An epoch of the group, as far as audio is concerned. */
export interface AudioEpoch {
  readonly epoch: bigint
  /** MLS-Exporter of that epoch (RFC 9420 §8.5). Asked once, at the entrance. */
  readonly exportSecret: ExportSecret
  /** Our leaf. `undefined` for somebody who only listens. */
  readonly ownLeafIndex: number | undefined
  /**
   * The member id of a leaf, or `undefined` where nobody is. Has to go on telling of that epoch when the group has
   * moved on.
   */
  readonly memberIdOf: (leafIndex: number) => number | undefined
  /**
   * How long frames go on being sealed under the epoch before, in milliseconds, so that those of members who come into
   * this one a little later can open them (RFC 9605 §4.4.1); {@link SEAL_AFTER_MS} is enough for most calls. Default 0,
   * as it has to be where somebody was removed: they have the keys of the epoch before.
   */
  readonly sealAfterMs?: number
}

/** Why a frame did not open. Nothing changed. */
export type AudioOpenRejection =
  /** Of an epoch that has not begun for us. */
  | "epoch_in_future"
  /** Of an epoch whose keys are gone: it ended longer ago than the overlap. */
  | "epoch_stale"
  /** No member has that leaf, or has it no longer. */
  | "unknown_sender"
  /** One of ours came back. */
  | "own_frame"
  | "too_many_contexts"
  /** Not the one encoding of an SFrame header. */
  | "malformed"
  /** Not sealed by a member of the group, or changed on its way, its header included. */
  | "auth_failed"
  | "replay_detected"
  /** More than 1024 frames behind the newest of its key: nobody knows whether it came before. */
  | "too_late"

/** What opening a frame found. */
export type OpenedAudio =
  | {
      readonly kind: "opened"
      /**
       * Whose key it is under. All members have that key (RFC 9605 §7.2): no outsider sent it, but another member may
       * have.
       */
      readonly senderId: number
      /** Which of that leaf's contexts sealed it: each counts its frames anew. */
      readonly context: bigint
      /** The number of the frame among all of its key. */
      readonly counter: bigint
      readonly payload: Uint8Array
    }
  | { readonly kind: "rejected"; readonly reason: AudioOpenRejection }

/** Who is who in an epoch. */
type Members = Pick<AudioEpoch, "epoch" | "ownLeafIndex" | "memberIdOf">

/** So many are kept that the overlap of ten seconds holds with a change of epoch in every one of them. */
const PAST_EPOCHS = 16
/** Most members have followed a commit after this many milliseconds. */
export const SEAL_AFTER_MS = 200

/**
 * The keys of a group's audio: SFrame under the exporter of each MLS epoch (RFC 9605 §5.2). Member ids are read off the
 * leaf in the key id.
 *
 * All sources of a member share one object, and so one counter. An object never knows what another one of the same leaf
 * counted, before a restart say, so each has a context of its own, which makes its keys other ones. Count the objects,
 * and store the count before the first frame, if a member goes on in an epoch after a restart: contexts drawn at random
 * are alike by chance, and then a key and nonce seal two frames.
 *
 * Seals under the newest epoch, or for a while the one before, and opens those before for the overlap. Pure: time comes
 * in, nothing happens by itself.
 */
export class AudioKeys implements Disposable {
  readonly #session: SFrameSession
  /** The epochs that may open, by their number. */
  readonly #epochs = new Map<bigint, Members>()

  /** @throws RangeError for a context that does not have 32 bits */
  constructor({ cipher, context, limits }: AudioKeysOptions) {
    this.#session = new SFrameSession({ cipher, context, limits: { pastEpochs: PAST_EPOCHS, ...limits } })
  }

  /** The newest epoch, or `undefined` before the first. */
  get epoch(): bigint | undefined {
    return this.#session.epoch
  }

  /**
   * The epoch that frames are sealed in: the newest, or for a while the one before. `undefined` where we only listen.
   */
  get sealingEpoch(): bigint | undefined {
    return this.#session.sealingEpoch
  }

  /** Our member id where frames are sealed, or `undefined` where we only listen. */
  get ownMemberId(): number | undefined {
    const sealing = this.#epochs.get(this.sealingEpoch ?? -1n)
    return sealing?.ownLeafIndex === undefined ? undefined : sealing.memberIdOf(sealing.ownLeafIndex)
  }

  /** When {@link tick} has something to do, in milliseconds; or `undefined`. */
  get wakeAtMs(): number | undefined {
    return this.#session.wakeAtMs
  }

  /**
   * Goes on to the next epoch, once the group is there. Audio never leads: what it says of other epochs changes
   * nothing.
   *
   * @throws RangeError unless the epoch is above the current one, our leaf fits into a key id, and `sealAfterMs` is
   * below the overlap
   */
  enterEpoch(next: AudioEpoch, nowMs: number): void {
    const { label, context, lengthBytes } = baseKeyExport(next.epoch)
    const baseKey = next.exportSecret(label, context, lengthBytes)
    const { epoch, ownLeafIndex, memberIdOf, sealAfterMs = 0 } = next
    const isMember = (leafIndex: number): boolean => memberIdOf(leafIndex) !== undefined
    try {
      this.#session.enterEpoch({ epoch, baseKey, ownLeafIndex, isMember, sealAfterMs }, nowMs)
    } catch (error) {
      baseKey.fill(0)
      throw error
    }
    this.#epochs.set(epoch, { epoch, ownLeafIndex, memberIdOf })
    this.#forgetOver()
  }

  /** Zeroes the keys of epochs whose overlap is over, and begins to seal in the newest once it is time. */
  tick(nowMs: number): void {
    this.#session.tick(nowMs)
    this.#forgetOver()
  }

  /**
   * An SFrame frame for everybody in the group; uses up one number.
   *
   * @param metadata - Authenticated, not part of the frame.
   * @returns `undefined` once the key has sealed as many frames as it may: only a new epoch opens more
   * @throws TypeError before there is an epoch in which we may send
   */
  seal(payload: Uint8Array, metadata: Uint8Array): Uint8Array | undefined {
    try {
      return this.#session.seal(payload, metadata)
    } catch (error) {
      if (error instanceof SFrameLimitError) return undefined
      throw error
    }
  }

  /** Total: any bytes have an outcome. @param epoch - what the frame says, and its metadata with it */
  open(sframe: Uint8Array, metadata: Uint8Array, { epoch, nowMs }: { epoch: bigint; nowMs: number }): OpenedAudio {
    this.tick(nowMs)
    const current = this.#current
    if (current === undefined || epoch > current.epoch) return rejected("epoch_in_future")
    const named = this.#epochs.get(epoch)
    if (named === undefined) return rejected("epoch_stale")
    const opened = this.#session.open(sframe, nowMs, metadata)
    if (opened.kind === "dropped") return rejected(REJECTIONS[opened.reason])
    const { leafIndex, context, counter, plaintext } = opened
    // A member can seal under a header that tells of another epoch than its keys.
    if (opened.epoch !== epoch) return rejected("auth_failed")
    if (leafIndex === named.ownLeafIndex) return rejected("own_frame")
    const senderId = named.memberIdOf(leafIndex)
    // Whoever was removed has the keys of the epoch before, but nobody listens to them during the overlap.
    if (senderId === undefined || current.memberIdOf(leafIndex) !== senderId) return rejected("unknown_sender")
    return { kind: "opened", senderId, context, counter, payload: plaintext }
  }

  /** Zeroes all keys. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]()
    this.#epochs.clear()
  }

  get #current(): Members | undefined {
    return this.#session.epoch === undefined ? undefined : this.#epochs.get(this.#session.epoch)
  }

  #forgetOver(): void {
    const kept = new Set(this.#session.keptEpochs)
    for (const epoch of this.#epochs.keys()) if (!kept.has(epoch)) this.#epochs.delete(epoch)
  }
}

const REJECTIONS: Readonly<Record<FrameDropReason, AudioOpenRejection>> = {
  malformed: "malformed",
  // The longest frame that gets here is far below the limit of a session.
  too_large: "malformed",
  // The frame names an epoch that we have, and its key another.
  unknown_epoch: "auth_failed",
  unknown_sender: "unknown_sender",
  own_frame: "own_frame",
  too_many_contexts: "too_many_contexts",
  auth_failed: "auth_failed",
  replayed: "replay_detected",
  late: "too_late",
}

function rejected(reason: AudioOpenRejection): OpenedAudio {
  return { kind: "rejected", reason }
}

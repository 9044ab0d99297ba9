import type { SFrameCipher } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import type { WindowMiss } from "./frame-window.ts"
import { decodeHeader } from "./header.ts"
import type { ReadHeader } from "./header.ts"
import { decodeMlsKid, encodeMlsKid, epochBitsOf } from "./mls-kid.ts"
import type { MlsKid } from "./mls-kid.ts"
import { Sealing } from "./sealing.ts"
import { SFrameReceiver } from "./sframe-receiver.ts"
import { SFrameSender } from "./sframe-sender.ts"

/** Bounds of a session; see {@link DEFAULT_LIMITS}. */
export interface SFrameLimits {
  /** How long frames of an epoch are taken after the next one began, in milliseconds. */
  readonly overlapMs: number
  /** How many epochs before the current one are kept at most. */
  readonly pastEpochs: number
  /** Streams of one member in one epoch, each with a context of its own. */
  readonly contextsPerMember: number
  /** Bytes of a whole frame. */
  readonly frameBytes: number
  /** Frames that one key encrypts. */
  readonly framesPerKey: bigint
}

/** 10 s, 3 epochs, 8 contexts, 1 MiB, 2^24 frames. */
export const DEFAULT_LIMITS: SFrameLimits = {
  overlapMs: 10_000,
  pastEpochs: 3,
  contextsPerMember: 8,
  frameBytes: 2 ** 20,
  framesPerKey: 2n ** 24n,
}

/** What a session needs to know once. */
export interface SFrameSessionOptions {
  readonly cipher: SFrameCipher
  /**
   * Tells this object apart from all others that ever encrypt for the same member in the same epoch, other devices' and
   * those before a restart included: each has keys of its own, so that counters may begin at 0. Count them: of those
   * that are drawn at random, two are alike by chance, and then a nonce is used twice.
   */
  readonly context: bigint
  readonly limits?: Partial<SFrameLimits>
}

/** An epoch of the group, as far as media are concerned. */
export interface SFrameEpoch {
  readonly epoch: bigint
  /** What the group exports for the epoch; see {@link baseKeyExport}. Owned by the session from now on. */
  readonly baseKey: Uint8Array
  /** Our leaf. `undefined` for somebody who only listens. */
  readonly ownLeafIndex: number | undefined
  /** True for the leaves of members. Asked once for each sender. */
  readonly isMember: (leafIndex: number) => boolean
  /**
   * How long frames go on being encrypted under the epoch before, in milliseconds, so that whoever comes into this one
   * a little later can decrypt them (RFC 9605 §4.4.1). Shorter than `overlapMs`. Default 0, as it has to be where
   * somebody was removed: they have the keys.
   */
  readonly sealAfterMs?: number
}

/**
 * Why a frame was dropped. None changes anything.
 *
 * - `malformed`: no header, or not in its one encoding.
 * - `too_large`: above `frameBytes`.
 * - `unknown_epoch`: of an epoch that is over, or has not begun for us.
 * - `unknown_sender`: no member has that leaf in that epoch.
 * - `own_frame`: one of ours came back.
 * - `too_many_contexts`: the sender has more streams than `contextsPerMember`.
 * - `auth_failed`: not encrypted by a member of the group, or changed on its way, or other metadata.
 * - `replayed`, `late`: it came before; it is too far behind to tell.
 */
export type FrameDropReason =
  | "malformed"
  | "too_large"
  | "unknown_epoch"
  | "unknown_sender"
  | "own_frame"
  | "too_many_contexts"
  | "auth_failed"
  | WindowMiss

/** What became of a frame. */
export type ReceivedFrame =
  | {
      readonly kind: "frame"
      readonly epoch: bigint
      /**
       * Whose key it is under. All members have that key: it tells who of them says to be the sender, not who it is.
       */
      readonly leafIndex: number
      readonly context: bigint
      readonly counter: bigint
      readonly plaintext: Uint8Array
    }
  | { readonly kind: "dropped"; readonly reason: FrameDropReason }

interface KeptEpoch extends SFrameEpoch {
  readonly receivers: Map<bigint, SFrameReceiver>
  /** How many contexts each leaf has shown. */
  readonly contextCounts: Map<number, number>
  /** When it is forgotten; `undefined` while it is the current one. */
  untilMs: number | undefined
}

const NOTHING = new Uint8Array(0)

/**
 * Media frames of one group, end-to-end encrypted (RFC 9605) with keys that each of its MLS epochs has (§5.2).
 *
 * Encrypts under the newest epoch, or for a while the one before; decrypts those of the epochs before too, for as long
 * as the limits say. Pure: time comes in, nothing happens by itself. Members have the keys of all senders (§7.2): sign
 * what must not be forged by insiders.
 */
export class SFrameSession implements Disposable {
  readonly #cipher: SFrameCipher
  readonly #context: bigint
  readonly #limits: SFrameLimits
  /**
   * By the low bits of the epoch, oldest first: an epoch with the same bits takes the place of an old one (RFC 9605
   * §5.2).
   */
  readonly #epochs = new Map<number, KeptEpoch>()
  #current: KeptEpoch | undefined
  readonly #sealing = new Sealing()

  constructor({ cipher, context, limits }: SFrameSessionOptions) {
    encodeMlsKid({ context, leafIndex: 0, epochBits: 0 })
    this.#cipher = cipher
    this.#context = context
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
  }

  /** The newest epoch, or `undefined` before the first. */
  get epoch(): bigint | undefined {
    return this.#current?.epoch
  }

  /** The epoch that frames are encrypted under; `undefined` where this session may not send. */
  get sealingEpoch(): bigint | undefined {
    return this.#sealing.epoch
  }

  /** The epochs whose frames are taken, oldest first. Those whose time is over are gone after {@link tick}. */
  get keptEpochs(): readonly bigint[] {
    return [...this.#epochs.values()].map(({ epoch }) => epoch)
  }

  /** When {@link tick} has something to do, or `undefined`. */
  get wakeAtMs(): number | undefined {
    const times = [...this.#epochs.values()].flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
    if (this.#sealing.wakeAtMs !== undefined) times.push(this.#sealing.wakeAtMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /**
   * Goes on to the next epoch. The one before is kept for late frames.
   *
   * @throws RangeError unless the epoch is above the current one, our leaf fits into a key id, and `sealAfterMs` is
   * below the overlap
   */
  enterEpoch(next: SFrameEpoch, nowMs: number): void {
    const { epoch, ownLeafIndex, sealAfterMs = 0 } = next
    if (!(sealAfterMs >= 0 && sealAfterMs < this.#limits.overlapMs)) {
      throw new RangeError(`nobody could decrypt what is sealed ${sealAfterMs} ms after its epoch`)
    }
    if (this.#current !== undefined && epoch <= this.#current.epoch) {
      throw new RangeError(`epoch ${epoch} does not follow ${this.#current.epoch}`)
    }
    const epochBits = epochBitsOf(epoch)
    const kid =
      ownLeafIndex === undefined
        ? undefined
        : encodeMlsKid({ context: this.#context, leafIndex: ownLeafIndex, epochBits })
    this.tick(nowMs)
    if (this.#current !== undefined) this.#current.untilMs = nowMs + this.#limits.overlapMs
    this.#forget(epochBits)
    this.#current = { ...next, receivers: new Map(), contextCounts: new Map(), untilMs: undefined }
    this.#epochs.set(epochBits, this.#current)
    for (const bits of this.#epochs.keys()) {
      if (this.#epochs.size <= this.#limits.pastEpochs + 1) break
      this.#forget(bits)
    }
    if (kid === undefined) this.#sealing.end()
    else this.#sealing.goOn(epoch, this.#newSender(kid, next.baseKey), { nowMs, fromMs: nowMs + sealAfterMs })
  }

  /** Forgets the epochs whose time is over, and begins to encrypt under the newest once it is time. */
  tick(nowMs: number): void {
    this.#sealing.tick(nowMs)
    // Asked for each frame. One epoch alone is the current one, which does not end.
    if (this.#epochs.size <= 1) return
    for (const [bits, { untilMs }] of this.#epochs) if (untilMs !== undefined && untilMs <= nowMs) this.#forget(bits)
  }

  /**
   * A frame for everybody in the group.
   *
   * @param metadata - What receivers know of the frame from elsewhere; authenticated, not sent (RFC 9605 §4.4.3).
   * @throws TypeError before there is an epoch in which we are a member; SFrameLimitError once the epoch's key is used
   * up
   */
  seal(plaintext: Uint8Array, metadata: Uint8Array = NOTHING): Uint8Array {
    const { sender } = this.#sealing
    if (sender === undefined) throw new TypeError("there is no epoch in which this session may send")
    return sender.seal(plaintext, metadata)
  }

  /** Opens what a member encrypted. Total: any bytes have an outcome. */
  open(frame: Uint8Array, nowMs: number, metadata: Uint8Array = NOTHING): ReceivedFrame {
    this.tick(nowMs)
    if (frame.length > this.#limits.frameBytes) return dropped("too_large")
    const header = readHeader(frame)
    if (header === undefined) return dropped("malformed")
    const parts = decodeMlsKid(header.kid)
    const epoch = this.#epochs.get(parts.epochBits)
    if (epoch === undefined) return dropped("unknown_epoch")
    const known = epoch.receivers.get(header.kid)
    const receiver = known ?? this.#newReceiver(epoch, header.kid, parts)
    if (typeof receiver === "string") return dropped(receiver)
    const opened = receiver.open(frame, header, metadata)
    if (opened.kind === "dropped") {
      if (known === undefined) receiver[Symbol.dispose]()
      return opened
    }
    if (known === undefined) keep(epoch, header.kid, parts, receiver)
    const { leafIndex, context } = parts
    return {
      kind: "frame",
      epoch: epoch.epoch,
      leafIndex,
      context,
      counter: header.counter,
      plaintext: opened.plaintext,
    }
  }

  [Symbol.dispose](): void {
    for (const bits of this.#epochs.keys()) this.#forget(bits)
    this.#sealing[Symbol.dispose]()
    this.#current = undefined
  }

  #newSender(kid: bigint, baseKey: Uint8Array): SFrameSender {
    return new SFrameSender({ cipher: this.#cipher, kid, baseKey, framesLimit: this.#limits.framesPerKey })
  }

  /** Whoever shows a new context pays for a derivation, and for memory only once a frame proved genuine. */
  #newReceiver(
    { isMember, ownLeafIndex, contextCounts, baseKey }: KeptEpoch,
    kid: bigint,
    { leafIndex, context }: MlsKid,
  ): SFrameReceiver | FrameDropReason {
    if (leafIndex === ownLeafIndex && context === this.#context) return "own_frame"
    if (!isMember(leafIndex)) return "unknown_sender"
    if ((contextCounts.get(leafIndex) ?? 0) >= this.#limits.contextsPerMember) return "too_many_contexts"
    return new SFrameReceiver(this.#cipher, kid, baseKey)
  }

  #forget(epochBits: number): void {
    const epoch = this.#epochs.get(epochBits)
    if (epoch === undefined) return
    this.#epochs.delete(epochBits)
    epoch.baseKey.fill(0)
    for (const receiver of epoch.receivers.values()) receiver[Symbol.dispose]()
  }
}

function keep(
  { receivers, contextCounts }: KeptEpoch,
  kid: bigint,
  { leafIndex }: MlsKid,
  receiver: SFrameReceiver,
): void {
  receivers.set(kid, receiver)
  contextCounts.set(leafIndex, (contextCounts.get(leafIndex) ?? 0) + 1)
}

function readHeader(frame: Uint8Array): ReadHeader | undefined {
  try {
    return decodeHeader(frame)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function dropped(reason: FrameDropReason): ReceivedFrame {
  return { kind: "dropped", reason }
}

import { platform } from "#platform"
import { AudioReceiver, CBOR_AUDIO, OPUS_MAX_BYTES } from "@qpc/gap"
import type { AudioCodec } from "@qpc/gap"
import { FLATBUFFERS_AUDIO } from "@qpc/gap/flatbuffers"
import { PROTOBUF_AUDIO } from "@qpc/gap/protobuf"
import { ERROR_REGISTRY } from "@qpc/gbp"
import { acceptError, unknownOrigin } from "./accept-error.ts"
import type { GroupNode } from "./group-node.ts"
import type { OutboundFrame } from "./outbound-frame.ts"
import type { MlsContext } from "./mls-context.ts"
import { originOf } from "./origin.ts"
import type { Origin } from "./origin.ts"
import { PayloadCodec } from "./payload-codec.ts"
import { SourceWindows } from "./source-windows.ts"
import { StreamType } from "./stream-type.ts"
import { assertUint32 } from "./uint32.ts"

/** What became of a frame of audio. */
export interface GapAcceptResult {
  /** `late`: a newer one of its source came before, or the same. `error`: see `reason` and `code`. */
  readonly status: "new" | "late" | "error"
  /** The sender's own id of the source: those of two members have nothing to do with each other. */
  readonly source?: number
  /** 16 bits, counted by the source. */
  readonly seq?: number
  /**
   * Of a new frame: one number for each source of each sender, and another once the source began anew, after a restart of its sender
   * say. What a `JitterBuffer` wants as `mediaSourceId`; it means nothing outside of this client.
   */
  readonly stream?: number
  /** Length of the Opus packet. */
  readonly bytes?: number
  /** Member id; absent while it is not known. */
  readonly sender?: number
  /** On the source's clock of 48 kHz. */
  readonly timestamp?: bigint
  /** The Opus packet. */
  readonly opus?: Uint8Array
  readonly reason?: string
  /** Of the error registry. */
  readonly code?: number
}

/** How a {@link GapClient} is to work. */
export interface GapClientOptions {
  /** False for members who are muted; asked with `undefined` for those whose id is not known yet. Default: everybody may speak. */
  readonly maySpeak?: (memberId: number | undefined) => boolean
  /** Milliseconds on a clock that never goes back. Default the platform's. */
  readonly now?: () => number
}

const CODECS: readonly AudioCodec[] = [CBOR_AUDIO, PROTOBUF_AUDIO, FLATBUFFERS_AUDIO]
/** How long frames of an epoch are taken after the next one began (GAP "Key overlap"). */
const OVERLAP_MS = 10_000
/** Epochs whose end is remembered: more than change within the overlap in earnest. */
const EPOCHS_MAX = 16
/** Sources that we may send from: whoever needs more takes another client. */
const OWN_SOURCES_MAX = 100
const SEQUENCE_MASK = 0xffff
const KEY_PHASE_MASK = 0xffff_ffffn

/** Audio of a group (GAP): Opus packets out and in, in no order and without waiting. */
export class GapClient implements Disposable {
  readonly #maySpeak: (memberId: number | undefined) => boolean
  readonly #now: () => number
  /** The last number of each of our sources. */
  readonly #sequences = new Map<number, number>()
  #windows = new SourceWindows()
  #epoch: bigint | undefined
  /** When each past epoch ended. */
  readonly #ended = new Map<bigint, number>()
  #arriving: Origin | undefined
  #receiver: AudioReceiver

  private constructor({ maySpeak = () => true, now = platform.monotonicMs }: GapClientOptions) {
    this.#maySpeak = maySpeak
    this.#now = now
    this.#receiver = this.#newReceiver()
  }

  static create(options: GapClientOptions = {}): GapClient {
    return new GapClient(options)
  }

  /**
   * Sends 20 ms of audio.
   *
   * @param mediaSourceId - 32 bits: which of our sources it is of. At most 100 for each client. Each counts from 1 in a new client;
   *   receivers notice it. The published stack does not: for its members take another source after a restart within an epoch, or they
   *   call its frames late until these pass the old ones.
   * @param rtpTimestamp - Of the first sample, at 48 kHz.
   * @param opus - One Opus packet, 1 to 1275 bytes.
   * @throws RangeError for an argument out of range; StackError as `GroupNode.sendPayload`
   */
  send(
    node: GroupNode,
    mls: MlsContext,
    target: number,
    mediaSourceId: number,
    rtpTimestamp: bigint,
    opus: Uint8Array,
    codec: PayloadCodec = PayloadCodec.Cbor,
  ): OutboundFrame {
    assertUint32(mediaSourceId, "a source")
    if (opus.length === 0 || opus.length > OPUS_MAX_BYTES) {
      throw new RangeError(`an Opus packet has 1 to ${OPUS_MAX_BYTES} bytes, not ${opus.length}`)
    }
    const known = this.#sequences.get(mediaSourceId)
    if (known === undefined && this.#sequences.size >= OWN_SOURCES_MAX)
      throw new RangeError(`more than ${OWN_SOURCES_MAX} sources`)
    const sequence = ((known ?? 0) + 1) & SEQUENCE_MASK
    const epoch = node.profile === "gbp/2" ? mls.epoch : node.epoch
    const keyPhase = Number(epoch & KEY_PHASE_MASK)
    const payload = codecOf(codec).encode({ mediaSourceId, sequence, timestamp: rtpTimestamp, keyPhase, opus })
    const frame = node.sendPayload(mls, target, StreamType.Audio, payload, codec)
    this.#sequences.set(mediaSourceId, sequence)
    return frame
  }

  /**
   * Takes in the `plaintext` of an event of a node: that very object. Total: it returns, whatever is in it.
   *
   * @param currentEpoch - `MlsContext.epoch`. Frames of the epoch before are taken for another 10 s.
   * @param codec - Default what the frame says.
   */
  accept(plaintext: Uint8Array, currentEpoch: bigint | number, codec?: PayloadCodec): GapAcceptResult {
    const epoch = BigInt(currentEpoch)
    this.#enter(epoch)
    const origin = originOf(plaintext, "audio")
    if (origin === undefined) return unknownOrigin()
    if (this.#isStale(origin.epoch, epoch)) return acceptError("epoch_stale", ERROR_REGISTRY.GAP_EPOCH_STALE)
    this.#arriving = origin
    const senderId = origin.leafIndex ?? origin.memberId ?? 0
    const payloadFormat = codec ?? origin.payloadFormat
    const received = this.#receiver.receive({ senderId, epoch: origin.epoch, payloadFormat, payload: plaintext })
    if (received.kind === "drop") return acceptError(received.reason, received)
    const { mediaSourceId: source, sequence: seq, timestamp, opus } = received
    const { run, sequence: frameNumber } = origin
    const stream = this.#windows.accept({ epoch: origin.epoch, senderId, run, frameNumber, source, sequence: seq })
    const sender = origin.memberId === undefined ? {} : { sender: origin.memberId }
    const about = { source, seq, bytes: opus.length, timestamp, opus, ...sender }
    return stream === undefined ? { status: "late", ...about } : { status: "new", stream, ...about }
  }

  /** Forgets what was sent and what came. */
  reset(): void {
    this.#sequences.clear()
    this.#windows = new SourceWindows()
    this.#ended.clear()
    this.#epoch = undefined
    this.#receiver = this.#newReceiver()
  }

  /** Does what {@link reset} does. */
  close(): void {
    this.reset()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #newReceiver(): AudioReceiver {
    return new AudioReceiver(() => this.#maySpeak(this.#arriving?.memberId), { codecs: CODECS })
  }

  #enter(epoch: bigint): void {
    if (this.#epoch === epoch) return
    if (this.#epoch !== undefined) this.#ended.set(this.#epoch, this.#now())
    this.#epoch = epoch
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= EPOCHS_MAX) break
      this.#ended.delete(oldest)
    }
  }

  #isStale(epoch: bigint, currentEpoch: bigint): boolean {
    if (epoch >= currentEpoch) return false
    const endedMs = this.#ended.get(epoch)
    return endedMs === undefined || this.#now() - endedMs >= OVERLAP_MS
  }
}

/** @throws RangeError for a number that is no codec */
function codecOf(codec: number): AudioCodec {
  const found = CODECS.find(({ format }) => format === codec)
  if (found === undefined) throw new RangeError(`not a payload codec: ${codec}`)
  return found
}

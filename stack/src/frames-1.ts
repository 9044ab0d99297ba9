import { platform } from "#platform"
import { dropError, ERROR_REGISTRY, Profile1Endpoint, streamIdOf, streamTypeFromWire, streamTypeToWire } from "@qpc/gbp"
import type { NONCE_REUSE_RISK, StreamType } from "@qpc/gbp"
import type { GroupId } from "@qpc/wire"
import type { FramePayload, Frames, ReceivedBytes } from "./frames.ts"
import type { MlsMember } from "./mls-member.ts"
import { refusedFrame, StackError } from "./stack-error.ts"

/** Members of one group whom profile 1 remembers: it does not know who is in the group. */
const MEMBERS_MAX = 10_000

/** Where a node of profile 1 stands. Its epoch goes on apart from that of MLS: frames have the one, keys are of the other. */
export interface NodePosition {
  readonly epoch: bigint
  readonly lastTransitionId: number
}

/** What {@link Frames1} needs. */
interface Frames1Options {
  readonly groupId: GroupId
  readonly memberId: number
  readonly acceptedRisk: typeof NONCE_REUSE_RISK | undefined
  readonly position: () => NodePosition
}

/** Frames of profile 1, byte by byte as the published stack has them. */
export class Frames1 implements Frames {
  readonly #endpoint: Profile1Endpoint
  readonly #memberId: number
  readonly #position: () => NodePosition
  readonly #heard = new Set<number>()
  #member: MlsMember | undefined
  /** Of the node and of MLS. */
  #entered: { readonly epoch: bigint; readonly mlsEpoch: bigint } | undefined
  #restored: ReadonlyMap<StreamType, number> | undefined

  /** @throws RangeError for a member id that is none */
  constructor({ groupId, memberId, acceptedRisk, position }: Frames1Options) {
    this.#memberId = memberId
    this.#position = position
    this.#endpoint = new Profile1Endpoint({
      groupId,
      memberId,
      aead: platform.chacha20Poly1305,
      isMember: (id) => this.#heard.has(id) || this.#heard.size < MEMBERS_MAX,
      ...(acceptedRisk !== undefined && { acceptedRisk }),
    })
  }

  use(member: MlsMember): void {
    this.#member = member
  }

  send(payload: FramePayload): Uint8Array {
    this.#enter()
    const framed = this.#endpoint.send(payload)
    if (framed.kind === "refused") throw refusedFrame(framed.reason)
    return framed.bytes
  }

  receive(bytes: Uint8Array): ReceivedBytes {
    this.#enter()
    const received = this.#endpoint.receive(bytes)
    if (received.kind === "drop") {
      const { reason } = received
      const error = reason === "nonce_reuse" ? ERROR_REGISTRY.STREAM_POLICY_VIOLATION : dropError(reason)
      return { kind: "drop", reason, error }
    }
    const { streamType, sequence, flags, payloadFormat, plaintext, claimedMemberId: memberId } = received
    this.#heard.add(memberId)
    const about = { streamType, sequence, flags, payloadFormat, plaintext, epoch: this.#position().epoch, run: 0n }
    return { ...about, kind: "payload", memberId, leafIndex: undefined, isSigned: false }
  }

  /** As the published stack writes them, little-endian: count u32 · (stream type u8 · stream id u32 · sequence u32) each. */
  exportSequences(): Uint8Array {
    const sequences = [...(this.#restored ?? this.#endpoint.lastSequences)]
    const bytes = new Uint8Array(HEAD_BYTES + sequences.length * ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, sequences.length, true)
    for (const [at, [streamType, sequence]] of sequences.entries()) {
      const start = HEAD_BYTES + at * ENTRY_BYTES
      view.setUint8(start, streamTypeToWire(streamType))
      view.setUint32(start + 1, streamIdOf(streamType, this.#memberId), true)
      view.setUint32(start + 5, sequence, true)
    }
    return bytes
  }

  /** @throws StackError `bad_state` */
  restoreSequences(bytes: Uint8Array): void {
    const restored = this.#readSequences(bytes)
    if (restored === undefined)
      throw new StackError("bad_state", "these are not numbers that exportOutSeq() gave for this member")
    if (this.#entered === undefined) this.#restored = restored
    else this.#goOnFrom(restored)
  }

  [Symbol.dispose](): void {
    this.#endpoint[Symbol.dispose]()
    this.#entered = undefined
  }

  /** Goes on to wherever the node and MLS are by now. */
  #enter(): void {
    const member = this.#member
    if (member === undefined) throw new Error("unreachable: there is no MLS context yet")
    const { epoch, lastTransitionId: transitionId } = this.#position()
    const { epoch: mlsEpoch } = member
    const before = this.#entered
    if (before?.epoch === epoch && before.mlsEpoch === mlsEpoch) return
    if (before !== undefined && (epoch < before.epoch || mlsEpoch < before.mlsEpoch)) {
      throw new StackError("other_group", "the node or the MLS context is in an older epoch than before")
    }
    const exportSecret = (label: string, context: Uint8Array, lengthBytes: number) =>
      member.exportSecret(label, context, lengthBytes)
    if (before === undefined || (epoch !== before.epoch && mlsEpoch !== before.mlsEpoch)) {
      this.#endpoint.enterEpoch({ epoch, transitionId, exportSecret })
    } else if (mlsEpoch === before.mlsEpoch) {
      this.#endpoint.enterEpochUnderSameKeys({ epoch, transitionId })
    } else {
      this.#endpoint.rekey(exportSecret)
    }
    this.#entered = { epoch, mlsEpoch }
    if (this.#restored !== undefined) this.#goOnFrom(this.#restored)
    this.#restored = undefined
  }

  #goOnFrom(restored: ReadonlyMap<StreamType, number>): void {
    try {
      this.#endpoint.restoreSequences(restored)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new StackError("bad_state", "the numbers are below those in use: restore them before anything is sent", {
        cause: error,
      })
    }
  }

  #readSequences(bytes: Uint8Array): ReadonlyMap<StreamType, number> | undefined {
    const restored = new Map<StreamType, number>()
    if (bytes.length < HEAD_BYTES) return bytes.length === 0 ? restored : undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length !== HEAD_BYTES + view.getUint32(0, true) * ENTRY_BYTES) return undefined
    for (let start = HEAD_BYTES; start < bytes.length; start += ENTRY_BYTES) {
      const streamType = streamTypeFromWire(view.getUint8(start))
      if (streamType === undefined || restored.has(streamType)) return undefined
      if (view.getUint32(start + 1, true) !== streamIdOf(streamType, this.#memberId)) return undefined
      restored.set(streamType, view.getUint32(start + 5, true))
    }
    return restored
  }
}

const HEAD_BYTES = 4
const ENTRY_BYTES = 9

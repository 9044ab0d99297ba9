import { equalBytes } from "@qpc/wire"
import { DEFAULT_ATTACHMENT_LIMITS } from "./attachment.ts"
import type { AttachmentChunk, AttachmentLimits, AttachmentManifest } from "./attachment.ts"

/**
 * What became of a chunk.
 *
 * - `duplicate`: it is there already.
 * - `wrong_attachment`: it is a piece of another one, or says that there are other pieces.
 * - `bad_index`, `bad_length`: no piece of this attachment has that index, or that length.
 */
export type PushedChunk = "taken" | "duplicate" | "wrong_attachment" | "bad_index" | "bad_length"

/** A whole attachment, or why there is none: pieces are missing, or it is not what the manifest says. */
export type Assembled =
  | { readonly kind: "attachment"; readonly data: Uint8Array }
  | { readonly kind: "fault"; readonly reason: "incomplete" | "hash_mismatch" }

/** Ranges of missing chunks that are listed at most. */
const RANGES_MAX = 64

/**
 * Puts an attachment together from chunks in any order (GTP "Attachments").
 *
 * Give it only chunks of the manifest's sender. Memory is taken for what arrived: a manifest alone costs nothing, whatever it
 * promises.
 */
export class AttachmentAssembler {
  readonly manifest: AttachmentManifest
  readonly #chunks = new Map<number, Uint8Array>()
  /** Of all chunks but the last; known when the first of these came. */
  #chunkBytes: number | undefined

  private constructor(manifest: AttachmentManifest) {
    this.manifest = manifest
  }

  /** `undefined` for a manifest above the limits, or whose chunks cannot make up its size. */
  static begin(manifest: AttachmentManifest, limits: Partial<AttachmentLimits> = {}): AttachmentAssembler | undefined {
    const { sizeBytes, chunkBytes, chunkCount } = { ...DEFAULT_ATTACHMENT_LIMITS, ...limits }
    const isWithin = manifest.sizeBytes <= BigInt(sizeBytes) && manifest.chunkCount <= chunkCount
    const isFilled = manifest.sizeBytes >= BigInt(manifest.chunkCount)
    const isEnough = manifest.sizeBytes <= BigInt(manifest.chunkCount) * BigInt(chunkBytes)
    return isWithin && isFilled && isEnough ? new AttachmentAssembler(manifest) : undefined
  }

  get isComplete(): boolean {
    return this.#chunks.size === this.manifest.chunkCount
  }

  /** How many chunks are there. */
  get receivedCount(): number {
    return this.#chunks.size
  }

  /** The chunks that are missing, as ranges `[from, to)` in ascending order, of which at most the first 64. */
  get missing(): (readonly [from: number, to: number])[] {
    const ranges: [number, number][] = []
    for (let index = 0; index < this.manifest.chunkCount; index++) {
      if (this.#chunks.has(index)) continue
      const last = ranges.at(-1)
      if (last?.[1] === index) last[1]++
      else if (ranges.length === RANGES_MAX) break
      else ranges.push([index, index + 1])
    }
    return ranges
  }

  /** Copies the data. What is not taken changes nothing. */
  push(chunk: AttachmentChunk): PushedChunk {
    const { attachmentId, chunkCount } = this.manifest
    if (chunk.attachmentId !== attachmentId || chunk.chunkCount !== chunkCount) return "wrong_attachment"
    if (!Number.isInteger(chunk.index) || chunk.index < 0 || chunk.index >= chunkCount) return "bad_index"
    if (this.#chunks.has(chunk.index)) return "duplicate"
    if (!this.#hasRightLength(chunk)) return "bad_length"
    if (chunk.index < chunkCount - 1) this.#chunkBytes = chunk.data.length
    this.#chunks.set(chunk.index, chunk.data.slice())
    return "taken"
  }

  /** The whole, checked against the manifest. After a `hash_mismatch` all chunks are gone: nobody knows which was wrong. */
  assemble(sha256: (data: Uint8Array) => Uint8Array): Assembled {
    if (!this.isComplete) return { kind: "fault", reason: "incomplete" }
    const data = new Uint8Array(Number(this.manifest.sizeBytes))
    let at = 0
    for (let index = 0; index < this.manifest.chunkCount; index++) {
      const chunk = this.#chunks.get(index)!
      data.set(chunk, at)
      at += chunk.length
    }
    if (equalBytes(sha256(data), this.manifest.hash)) return { kind: "attachment", data }
    this.#chunks.clear()
    this.#chunkBytes = undefined
    return { kind: "fault", reason: "hash_mismatch" }
  }

  /** All but the last have one length, and that of the last is what is left: the whole is exactly as long as announced. */
  #hasRightLength({ index, data }: AttachmentChunk): boolean {
    const { chunkCount, sizeBytes } = this.manifest
    const size = Number(sizeBytes)
    const others = chunkCount - 1
    if (index < others) {
      const isSame = this.#chunkBytes === undefined || this.#chunkBytes === data.length
      const lastBytes = size - others * data.length
      const known = this.#chunks.get(others)
      const leavesRoom = known === undefined ? lastBytes > 0 && lastBytes <= data.length : lastBytes === known.length
      return isSame && leavesRoom
    }
    if (this.#chunkBytes !== undefined) return data.length === size - others * this.#chunkBytes
    if (others === 0) return data.length === size
    // Before any other came: the rest must divide evenly, into chunks that are not shorter than this.
    const rest = size - data.length
    return data.length > 0 && rest % others === 0 && rest / others >= data.length
  }
}

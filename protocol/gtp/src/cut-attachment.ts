import { CHUNK_BYTES, DEFAULT_ATTACHMENT_LIMITS, NAME_MAX_CHARACTERS } from "./attachment.ts"
import type { AttachmentChunk, AttachmentLimits, AttachmentManifest } from "./attachment.ts"

/** What {@link cutAttachment} needs. */
export interface AttachmentOptions {
  readonly data: Uint8Array
  /** Of the file, without a path. */
  readonly name: string
  readonly mimeType: string
  /** Unique per sender: draw it at random. */
  readonly attachmentId: bigint
  readonly sha256: (data: Uint8Array) => Uint8Array
  /** Default {@link CHUNK_BYTES}. */
  readonly chunkBytes?: number
  readonly limits?: Partial<AttachmentLimits>
}

/**
 * Cuts an attachment into chunks, and describes it. Chunks are views of `data`.
 *
 * An empty attachment has no chunk at all.
 *
 * @throws RangeError for more than the limits allow, and for a name or type that is too long
 */
export function cutAttachment(options: AttachmentOptions): {
  readonly manifest: AttachmentManifest
  readonly chunks: readonly AttachmentChunk[]
} {
  const { data, name, mimeType, attachmentId, chunkBytes = CHUNK_BYTES } = options
  const limits = { ...DEFAULT_ATTACHMENT_LIMITS, ...options.limits }
  if (!Number.isInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > limits.chunkBytes) {
    throw new RangeError(`a chunk has 1 to ${limits.chunkBytes} bytes, not ${chunkBytes}`)
  }
  if (name.length > NAME_MAX_CHARACTERS || mimeType.length > NAME_MAX_CHARACTERS) {
    throw new RangeError(`names and types of attachments have at most ${NAME_MAX_CHARACTERS} characters`)
  }
  const chunkCount = Math.ceil(data.length / chunkBytes)
  if (data.length > limits.sizeBytes || chunkCount > limits.chunkCount) {
    throw new RangeError(`an attachment of ${data.length} bytes is above the limits`)
  }
  const sizeBytes = BigInt(data.length)
  const manifest = { attachmentId, name, mimeType, sizeBytes, chunkCount, hash: options.sha256(data) }
  const chunks = Array.from({ length: chunkCount }, (_, index) => {
    return { attachmentId, index, chunkCount, data: data.subarray(index * chunkBytes, (index + 1) * chunkBytes) }
  })
  return { manifest, chunks }
}

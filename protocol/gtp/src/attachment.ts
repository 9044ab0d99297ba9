import { CborFields, cborUint, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** What an attachment is, the body of a message with content type "attachment" (GTP "Attachments"). */
export interface AttachmentManifest {
  /** Unique per sender. */
  readonly attachmentId: bigint
  /** For people, without a path. Written by the sender: never use it as a path. */
  readonly name: string
  readonly mimeType: string
  readonly sizeBytes: bigint
  readonly chunkCount: number
  /** SHA-256 of the whole attachment. */
  readonly hash: Uint8Array
}

/** A piece of an attachment. All but the last have the same length. */
export interface AttachmentChunk {
  readonly attachmentId: bigint
  /** From 0. */
  readonly index: number
  readonly chunkCount: number
  readonly data: Uint8Array
}

/** Bounds of attachments, checked before memory is taken; see {@link DEFAULT_ATTACHMENT_LIMITS}. */
export interface AttachmentLimits {
  /** Bytes of a whole attachment. */
  readonly sizeBytes: number
  /** Bytes of one chunk. */
  readonly chunkBytes: number
  readonly chunkCount: number
}

/** 64 MiB in at most 4096 chunks of at most 256 KiB. */
export const DEFAULT_ATTACHMENT_LIMITS: AttachmentLimits = {
  sizeBytes: 64 * 1024 * 1024,
  chunkBytes: 256 * 1024,
  chunkCount: 4096,
}

/** What attachments are cut into. */
export const CHUNK_BYTES: number = 64 * 1024

/** Bytes of SHA-256. */
const HASH_BYTES = 32
/** UTF-16 units of a name and of a MIME type. */
export const NAME_MAX_CHARACTERS = 255

const UINT32_MAX = 0xffff_ffff
const UTF8_MAX_BYTES = 3
const OVERHEAD_BYTES = 128
const MANIFEST_MAX_BYTES = 2 * NAME_MAX_CHARACTERS * UTF8_MAX_BYTES + HASH_BYTES + OVERHEAD_BYTES

/** The map `aid` · `name` · `mime` · `size` · `nc` · `hash`, in this order. */
export function encodeManifest(manifest: AttachmentManifest): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["aid", cborUint(manifest.attachmentId)],
      ["name", manifest.name],
      ["mime", manifest.mimeType],
      ["size", cborUint(manifest.sizeBytes)],
      ["nc", manifest.chunkCount],
      ["hash", manifest.hash],
    ]),
  )
}

/** Reads the fields and their ranges. @throws DecodeError */
export function decodeManifest(bytes: Uint8Array): AttachmentManifest {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes: MANIFEST_MAX_BYTES, depth: 1, itemCount: 16 }))
  const manifest: AttachmentManifest = {
    attachmentId: fields.uint64("aid"),
    name: fields.text("name", NAME_MAX_CHARACTERS),
    mimeType: fields.text("mime", NAME_MAX_CHARACTERS),
    sizeBytes: fields.uint64("size"),
    chunkCount: fields.uint("nc", UINT32_MAX),
    hash: fields.exactly("hash", HASH_BYTES),
  }
  fields.end()
  return manifest
}

/** The map `aid` · `idx` · `nc` · `data`, in this order. */
export function encodeChunk({ attachmentId, index, chunkCount, data }: AttachmentChunk): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["aid", cborUint(attachmentId)],
      ["idx", index],
      ["nc", chunkCount],
      ["data", data],
    ]),
  )
}

/** `data` is owned by the caller. @throws DecodeError; `too_large` above the limit */
export function decodeChunk(bytes: Uint8Array, limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS): AttachmentChunk {
  const sizeBytes = limits.chunkBytes + OVERHEAD_BYTES
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 16 }))
  const chunk: AttachmentChunk = {
    attachmentId: fields.uint64("aid"),
    index: fields.uint("idx", UINT32_MAX),
    chunkCount: fields.uint("nc", UINT32_MAX),
    data: fields.bytes("data", limits.chunkBytes),
  }
  fields.end()
  return chunk
}

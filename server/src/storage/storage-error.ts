/** What is wrong with the store. */
export type StorageErrorCode =
  /** The disk, or the configured size limit of the store, is exhausted. */
  | "full"
  /** The disk failed, the file vanished, or permissions forbid. */
  | "io"
  /** The file is not a store, or its pages are damaged. */
  | "corrupt"
  /** Another process holds the store, or more writes are waiting than the limit allows. */
  | "busy"
  /** The database key is not the one that this store was made with. */
  | "wrong_key"
  /** The store was written by a newer release. */
  | "newer_schema"
  /** The store was closed before the operation was performed. */
  | "closed"

const RETRYABLE: ReadonlySet<StorageErrorCode> = new Set(["full", "io", "busy"])

/**
 * The disk failed us. Nothing of the operation that rejected with it has been kept. `message` says what to do next and
 * names files, never contents.
 */
export class StorageError extends Error {
  override readonly name = "StorageError"
  readonly code: StorageErrorCode
  /** True if the same operation may succeed later: somebody may free space, the disk may return. */
  readonly retryable: boolean

  constructor(code: StorageErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retryable = RETRYABLE.has(code)
  }
}

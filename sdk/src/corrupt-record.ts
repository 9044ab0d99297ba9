import { DecodeError } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { RecordCodec } from "./record-codec.ts"
import type { Collection } from "./store.ts"

/** Reads a record. @throws ClientError `store_corrupt` */
export function decoded<T>(collection: Collection, bytes: Uint8Array, codec: RecordCodec<T>): T {
  try {
    return codec.decode(bytes)
  } catch (error) {
    if (error instanceof DecodeError) throw corruptRecord(collection, error)
    throw error
  }
}

/** The store opened, but what is in it makes no sense. */
export function corruptRecord(what: string, cause?: unknown): ClientError {
  const nextStep = "Restore the profile from a backup, or start a new one; nothing was changed."
  return new ClientError("store_corrupt", `the profile holds a damaged record (${what})`, { nextStep, cause })
}

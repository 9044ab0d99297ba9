import { ClientError } from "../client-error.ts"
import { isDatabaseError } from "./database.ts"

/** The sentence for a store that cannot be read any more. */
export function corruptStore(what: string, cause?: unknown): ClientError {
  const nextStep =
    "Move the folder away and restore it from a backup, or register again under another name; nothing was changed."
  return new ClientError("store_corrupt", what, { nextStep, cause })
}

/**
 * What an error of SQLite or the file system means to a person; `undefined` if it is neither.
 *
 * @param path - The file it concerns.
 */
export function storeError(error: unknown, path: string): ClientError | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined
  if (isDatabaseError(error)) return databaseError(error, path)
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return full(path, error)
  // System errors carry a number; errors of Node itself (ERR_…) are mistakes in this program.
  return "errno" in error ? io(path, error) : undefined
}

function databaseError(error: Error & { readonly code: string }, path: string): ClientError | undefined {
  const { code } = error
  if (code === "SQLITE_FULL") return full(path, error)
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    return corruptStore(`${path} is damaged`, error)
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return inUse(path, error)
  const isDisk = ["SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_NOLFS"]
  return isDisk.some((prefix) => code.startsWith(prefix)) ? io(path, error) : undefined
}

/** Another process holds the profile. */
export function inUse(path: string, cause: unknown): ClientError {
  const nextStep = "Close the other qpc, or choose another profile."
  return new ClientError("store_in_use", `another qpc is using this profile (${path})`, { nextStep, cause })
}

function full(path: string, cause: unknown): ClientError {
  const nextStep = "Free some space and try again; nothing was lost."
  return new ClientError("store_full", `the disk is full, ${path} cannot be written`, { nextStep, cause })
}

function io(path: string, cause: Error & { readonly code?: unknown }): ClientError {
  const nextStep = "Check the disk and the permissions of the folder, then start again."
  return new ClientError("store_io", `${path} cannot be read or written (${String(cause.code)})`, { nextStep, cause })
}

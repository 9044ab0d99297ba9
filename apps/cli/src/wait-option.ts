import { UsageError } from "./usage-error.ts"

/** A day: nobody waits longer at a prompt. */
const MAX_WAIT_SECONDS = 86_400

/** `--wait`, in the form the sdk takes. @throws UsageError */
export function waitOption(values: { optionalText(name: string): string | undefined }): { readonly waitMs?: number } {
  const wait = values.optionalText("wait")
  if (wait === undefined) return {}
  const seconds = Number(wait)
  if (wait.trim() === "" || !Number.isFinite(seconds) || seconds < 0 || seconds > MAX_WAIT_SECONDS) {
    throw new UsageError(`--wait takes seconds from 0 to ${MAX_WAIT_SECONDS}, not "${wait}".`)
  }
  return { waitMs: Math.round(seconds * 1000) }
}

import { StackError } from "gbp-stack"
import type { GroupSession } from "./group-session.ts"
import type { Told } from "./told.ts"
import { readTypedSignal } from "./typed-signal.ts"

/** Where typed lines go. */
export interface TypingHooks {
  readonly send: (frame: Uint8Array) => void
  readonly tell: (told: Told) => void
}

/** Sends each line: as a signal if it begins with a slash, with two as a text that begins with one. Resolves when there are no more. */
export async function typeInto(session: GroupSession, lines: AsyncIterable<string>, hooks: TypingHooks): Promise<void> {
  for await (const line of lines) {
    if (line.trim() === "") continue
    const typed = /^\/(?!\/)/.test(line) ? readTypedSignal(line) : undefined
    if (typeof typed === "string") {
      hooks.tell({ event: "refused", reason: typed, code: undefined })
      continue
    }
    try {
      hooks.send(typed === undefined ? session.say(line.replace(/^\/\//, "/")) : session.signal(typed))
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      hooks.tell({ event: "refused", reason: error.message, code: error.code })
    }
  }
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
}

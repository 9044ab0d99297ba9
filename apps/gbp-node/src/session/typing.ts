import { StackError } from "gbp-stack"
import type { GroupSession } from "./group-session.ts"
import type { Told } from "./told.ts"

/** Where typed lines go. */
export interface TypingHooks {
  readonly send: (frame: Uint8Array) => void
  readonly tell: (told: Told) => void
}

/** Sends each line as a text. Resolves when there are no more. */
export async function typeInto(session: GroupSession, lines: AsyncIterable<string>, hooks: TypingHooks): Promise<void> {
  for await (const line of lines) {
    if (line.trim() === "") continue
    try {
      hooks.send(session.say(line))
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

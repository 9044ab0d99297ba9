import type { Calls } from "./calls.ts"
import type { Step } from "./script.ts"
import type { Result, Troupe } from "./troupe.ts"

/** Lets the actor of a step propose. */
export async function propose<Name extends keyof Calls>(
  troupe: Troupe,
  { actor }: Step,
  name: Name,
  request: Omit<Calls[Name][0], "stateId">,
): Promise<Result> {
  const full = { ...request, stateId: troupe.state(actor!) } as unknown as Calls[Name][0]
  const { proposal } = (await troupe.ask(actor!, name, full)) as { readonly proposal: Uint8Array }
  return { proposal }
}

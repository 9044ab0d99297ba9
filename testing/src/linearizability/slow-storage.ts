import type { Storage } from "@qpc/server"
import type { Prng } from "../simulate/prng.ts"

/** How many turns of the event loop may pass before and after an operation. */
const TURNS_MAX = 3

/** Waits until the event loop has turned so many times. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve))
}

/** A storage that takes its time, before it does something and before it says so: calls overtake each other in it. */
export function slowStorage(inner: Storage, prng: Prng): Storage {
  return new Proxy(inner, {
    get: (storage, name) => {
      const method = Reflect.get(storage, name) as (...words: unknown[]) => Promise<unknown>
      if (name === Symbol.asyncDispose) return method.bind(storage)
      return async (...words: unknown[]): Promise<unknown> => {
        await turns(prng.between(0, TURNS_MAX))
        const result = await method.apply(storage, words)
        await turns(prng.between(0, TURNS_MAX))
        return result
      }
    },
  })
}

/** Lets the event loop turn until `isTrue`: for what happens by itself, not at once. @throws Error if it never is */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (isTrue()) return
    await turns(1)
  }
  throw new Error("this never came true")
}

/** Lets the event loop turn `count` times; for what must not happen. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

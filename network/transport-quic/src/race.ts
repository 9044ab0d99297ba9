/** One way to reach a goal. */
export interface Attempt<T> {
  /** After the start of the race; sooner if all earlier ones failed. Ascending. */
  readonly delayMs: number
  /** @param signal - aborted when the race is over */
  readonly run: (signal: AbortSignal) => Promise<T>
}

/** How a race is judged. */
export interface RaceRules<T> {
  readonly signal: AbortSignal
  /** An error after which the others must not win. */
  readonly isFinal: (error: unknown) => boolean
  /** Frees a result that came too late. */
  readonly discard: (result: T) => void
}

/**
 * Starts the attempts one after the other and takes the first that succeeds, as in RFC 8305.
 *
 * @throws what the last attempt in the list threw, or the first final error, or the signal's reason
 */
export async function race<T>(attempts: readonly Attempt<T>[], rules: RaceRules<T>): Promise<T> {
  rules.signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const over = new AbortController()
  const onAbort = (): void => reject(rules.signal.reason)
  rules.signal.addEventListener("abort", onAbort, { once: true })
  const errors: unknown[] = []
  const timers: NodeJS.Timeout[] = []
  let started = 0
  let failed = 0

  const failedWith = (index: number, error: unknown): void => {
    errors[index] = error
    failed++
    if (rules.isFinal(error) || failed === attempts.length) reject(rules.isFinal(error) ? error : errors.at(-1))
    else if (failed === started) start(started)
  }
  const start = (index: number): void => {
    if (index !== started || over.signal.aborted) return
    started++
    attempts[index]!.run(over.signal).then(
      (result) => (over.signal.aborted ? rules.discard(result) : resolve(result)),
      (error: unknown) => failedWith(index, error),
    )
  }
  for (const [index, { delayMs }] of attempts.entries()) timers.push(setTimeout(() => start(index), delayMs))
  start(0)
  try {
    return await promise
  } finally {
    over.abort()
    rules.signal.removeEventListener("abort", onAbort)
    timers.forEach(clearTimeout)
  }
}

/** What the monitor of a test run found: an encryption that must not have been made. */
interface ReportedReuse {
  readonly code: string
}

/** The monitor that watches every encryption of a test, as tests may talk to it. It registers itself. */
export interface NonceMonitor {
  /** What was found and not yet reported. */
  readonly reuses: ReportedReuse[]
  /** While true, encryptions are not looked at. */
  isPaused: boolean
  /** Forgets all encryptions so far, not what was found. */
  reset(): void
}

/** Where a test run keeps its monitor. */
const PLACE = Symbol.for("qpc.nonce-monitor")

/**
 * Begins a new scope: encryptions before it and after it are not compared. For a test that starts over from one seed
 * and so makes the same keys for other messages. Runs of a fast-check property are scopes already. Without a monitor,
 * outside of tests, it does nothing.
 */
export function resetNonceMonitor(): void {
  monitor()?.reset()
}

/**
 * Runs what encrypts two messages under one key and nonce on purpose; fails if it does not. Without a monitor it just
 * runs.
 *
 * @param because - why the test must do what nobody may do.
 * @throws Error if nothing was reused: then the exemption hides nothing and must go
 */
export function expectNonceReuse<T>(because: string, run: () => T): T {
  return exempt("nonce_reused", run, (found) => {
    if (found === 0) throw new Error(`no nonce is reused, although ${because}`)
  })
}

/** The same for a key that is for one message and encrypts twice, under whatever nonce: a state used again. */
export function expectKeyReuse<T>(because: string, run: () => T): T {
  return exempt("key_reused", run, (found) => {
    if (found === 0) throw new Error(`no key is reused, although ${because}`)
  })
}

/** The same where it depends on the case whether a key is reused. */
export function allowKeyReuse<T>(_because: string, run: () => T): T {
  return exempt("key_reused", run, () => undefined)
}

/** Runs an attacker, whose encryptions are not looked at: nobody owes them care, and they use the keys of others. */
export function unwatched<T>(_because: string, run: () => T): T {
  const current = monitor()
  if (current === undefined) return run()
  const before = current.isPaused
  current.isPaused = true
  try {
    return run()
  } finally {
    current.isPaused = before
  }
}

/** Takes the reuses of one code out of the report, and tells how many they were; at once, or when a promise is kept. */
function exempt<T>(code: string, run: () => T, judge: (found: number) => void): T {
  const current = monitor()
  if (current === undefined) return run()
  const start = current.reuses.length
  const settle = (): void => {
    const found = current.reuses.splice(start)
    const others = found.filter((reuse) => reuse.code !== code)
    current.reuses.push(...others)
    judge(found.length - others.length)
  }
  const result = run()
  if (!(result instanceof Promise)) {
    settle()
    return result
  }
  return result.then((value: unknown) => {
    settle()
    return value
  }) as T
}

function monitor(): NonceMonitor | undefined {
  return Reflect.get(globalThis, PLACE) as NonceMonitor | undefined
}

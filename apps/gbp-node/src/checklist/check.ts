/** Something is not as the checklist wants it; the message says what, in plain words. */
export class CheckFailure extends Error {
  override readonly name = "CheckFailure"
}

/** @throws CheckFailure with `words`, which say what should be */
export function check(holds: boolean, words: string): asserts holds {
  if (!holds) throw new CheckFailure(`expected: ${words}`)
}

/** @throws CheckFailure unless both are written alike */
export function checkEqual(found: unknown, wanted: unknown, words: string): void {
  const [is, should] = [written(found), written(wanted)]
  if (is !== should) throw new CheckFailure(`expected ${words} to be ${should}, not ${is}`)
}

/** @throws CheckFailure unless `act` throws an error with this `code` */
export function checkThrows(act: () => unknown, code: string, words: string): void {
  try {
    act()
  } catch (error) {
    checkEqual((error as { readonly code?: unknown }).code, code, words)
    return
  }
  throw new CheckFailure(`expected ${words} to be refused with ${code}, but it was not`)
}

function written(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => (typeof held === "bigint" ? `${held}n` : held)) ?? "undefined"
}

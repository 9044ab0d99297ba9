/** A rule of ours, broken by hand: tests that are worth something notice it. */
export interface RuleMutant {
  /** What the broken program does. */
  readonly does: string
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly was: string
  readonly is: string
  /** Test files, one of which has to fail. */
  readonly tests: readonly string[]
}

/** The file with the rule broken. @throws Error unless the old text stands there exactly once: then the list is out of date */
export function broken(mutant: RuleMutant, source: string): string {
  const count = source.split(mutant.was).length - 1
  if (count !== 1) {
    throw new Error(`${mutant.file} has the text of “${mutant.does}” ${count} times instead of once: ${mutant.was}`)
  }
  return source.replace(mutant.was, () => mutant.is)
}

/** What running a set of published test vectors gave. `cases` is the sum of the other three counts. */
export interface VectorResult {
  readonly cases: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Why cases were skipped; present whenever some were. */
  readonly why?: string
  /** One line for each failed case. */
  readonly failures: readonly string[]
}

/** A named set of test vectors that somebody else wrote. */
export interface VectorSet {
  /** Folder and file it comes from, such as `mls-wg/treekem`. */
  readonly name: string
  run(): VectorResult
}

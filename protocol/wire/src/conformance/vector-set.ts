/** What running a set of published test vectors gave. `cases` is the sum of the other three counts. */
export interface VectorResult {
  readonly cases: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Why cases were skipped, or what else a reader should know of the result. */
  readonly why?: string
  /** One line for each failed case. */
  readonly failures: readonly string[]
}

/** A named set of test vectors that somebody else wrote. */
export interface VectorSet {
  /** Folder and file it comes from. */
  readonly name: string
  run(): VectorResult
}

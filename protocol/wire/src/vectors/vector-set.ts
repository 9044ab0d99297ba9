import type { VectorFiles } from "./vector-files.ts"

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
  /** The file without which nothing was run, as its path among the vectors. */
  readonly missing?: string
}

/** A named set of test vectors. */
export interface VectorSet {
  /** Folder and file it comes from. */
  readonly name: string
  run(): VectorResult
}

/** A set's name with what came of it. */
export type SetReport = VectorResult & { readonly name: string }

/**
 * What a set says of itself where its file is not there: all of its cases are skipped.
 *
 * @param cases - How many the file had when its runner was written.
 */
export function missingFile(files: VectorFiles, path: string, cases: number): VectorResult {
  const why = `there is no ${files.place}/${path}`
  return { cases, passed: 0, failed: 0, skipped: cases, why, failures: [], missing: path }
}

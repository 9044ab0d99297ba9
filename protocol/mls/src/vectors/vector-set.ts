import type { CipherSuite } from "@qpc/crypto"
import { missingFile } from "@qpc/wire/vectors"
import type { VectorFiles, VectorResult, VectorSet } from "@qpc/wire/vectors"

/** A case of a file of the MLS working group. `cipher_suite` is missing where no cryptography is involved. */
interface MlsCase {
  readonly cipher_suite?: number
}

/** A file of the MLS working group and how to check one of its cases. */
export interface MlsVectorFile {
  /** Name without folder and ending, such as `treekem`. */
  readonly file: string
  /** How many cases the file had when this was written: what is reported as skipped where the file is missing. */
  readonly caseCount: number
  /** Throws for a case that fails. Only the check knows what a case of its file looks like. */
  readonly check: (vector: never, suite: CipherSuite) => void
}

/**
 * A set that checks each case of `mls-wg/test-vectors/<file>.json`.
 *
 * @param suites - What we have: cases of other suites count as skipped.
 */
export function mlsVectorSet(files: VectorFiles, from: MlsVectorFile, suites: readonly CipherSuite[]): VectorSet {
  const path = `mls-wg/test-vectors/${from.file}.json`
  return {
    name: `mls-wg/${from.file}`,
    run() {
      const text = files.text(path)
      if (text === undefined) return missingFile(files, path, from.caseCount)
      return runCases(JSON.parse(text) as MlsCase[], suites, from.check)
    },
  }
}

function runCases(
  vectors: readonly MlsCase[],
  suites: readonly CipherSuite[],
  check: MlsVectorFile["check"],
): VectorResult {
  let passed = 0
  const failures: string[] = []
  const unknown = new Map<number, number>()
  for (const [at, vector] of vectors.entries()) {
    const id = vector.cipher_suite
    const suite = id === undefined ? suites[0] : suites.find((candidate) => candidate.id === id)
    if (suite === undefined) {
      unknown.set(id ?? 0, (unknown.get(id ?? 0) ?? 0) + 1)
      continue
    }
    try {
      check(vector as never, suite)
      passed++
    } catch (error) {
      failures.push(`case ${at}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const counts = {
    cases: vectors.length,
    passed,
    failed: failures.length,
    skipped: vectors.length - passed - failures.length,
  }
  return unknown.size === 0 ? { ...counts, failures } : { ...counts, why: whySkipped(unknown), failures }
}

function whySkipped(unknown: ReadonlyMap<number, number>): string {
  const suites = [...unknown].map(([id, count]) => `0x${id.toString(16).padStart(4, "0")} (${count} cases)`)
  return `no such cipher suite yet: ${suites.join(", ")}`
}

/** What the tests said to a mutant. */
export type Verdict =
  | { readonly kind: "killed"; readonly killer: string }
  | { readonly kind: "survived"; readonly tests: number }
  /** The tests did not run: that says nothing about the rule. */
  | { readonly kind: "unclear"; readonly because: string }

/** The part of Vitest's JSON report that counts. */
interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Reads a report. Only a test that failed is a killer: a file that cannot be loaded is none. */
export function verdictOf(report: unknown): Verdict {
  if (report === undefined) return { kind: "unclear", because: "no report within the time" }
  const { numPassedTests, testResults } = report as Report
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed")
    if (failed !== undefined) return { kind: "killed", killer: failed.fullName }
  }
  const unloaded = testResults.find(({ status }) => status === "failed")
  if (unloaded !== undefined) return { kind: "unclear", because: `${unloaded.name}: ${unloaded.message}` }
  if (numPassedTests === 0) return { kind: "unclear", because: "no test ran" }
  return { kind: "survived", tests: numPassedTests }
}

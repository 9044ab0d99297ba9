import type { EXIT_CODES } from "./exit-code.ts"

/** The command line, or what it names, is wrong; the person in front of it can mend it. */
export class UsageError extends Error {
  override readonly name = "UsageError"
  /** A sentence that says what to do. */
  readonly nextStep: string | undefined
  readonly exit: keyof typeof EXIT_CODES

  constructor(message: string, nextStep?: string, exit: keyof typeof EXIT_CODES = "usage") {
    super(message)
    this.nextStep = nextStep
    this.exit = exit
  }
}

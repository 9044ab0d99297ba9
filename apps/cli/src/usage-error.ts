/** The command line, or what it names, is wrong; the person in front of it can mend it. */
export class UsageError extends Error {
  override readonly name = "UsageError"
  /** A sentence that says what to do. */
  readonly nextStep: string | undefined

  constructor(message: string, nextStep?: string) {
    super(message)
    this.nextStep = nextStep
  }
}

/** The format that this software writes. */
export const STATE_VERSION = 2

/** A stored state was written by newer software, which has to be installed to read it. Nothing was changed. */
export class StateVersionError extends Error {
  override readonly name = "StateVersionError"
  readonly code = "state_from_newer_software"
  /** The format of the state. */
  readonly version: number

  constructor(version: number) {
    super(`the state has format ${version}, this software knows them up to ${STATE_VERSION}: update the software`)
    this.version = version
  }
}

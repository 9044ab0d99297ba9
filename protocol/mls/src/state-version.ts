/** The format of a snapshot that this software writes. */
export const SNAPSHOT_VERSION = 3

/** The format of the records that this software writes. */
export const RECORDS_VERSION = 2

/** A stored state was written by newer software, which has to be installed to read it. Nothing was changed. */
export class StateVersionError extends Error {
  override readonly name = "StateVersionError"
  readonly code = "state_from_newer_software"
  /** The format of the state. */
  readonly version: number

  /** @param known - the newest format that this software knows */
  constructor(version: number, known: number) {
    super(`the state has format ${version}, this software knows them up to ${known}: update the software`)
    this.version = version
  }
}

/** A step that has no meaning in a mode, or none here: why, for the report. */
export class ImpossibleStep extends Error {
  override readonly name = "ImpossibleStep"
}

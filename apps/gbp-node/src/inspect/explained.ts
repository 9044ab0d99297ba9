/** One field of a frame in plain words. */
export interface ExplainedField {
  /** Of the field, in bytes from the start of the frame. */
  readonly offset: number
  readonly lengthBytes: number
  /** As it is on the wire; fields inside the payload have the payload's name before theirs. */
  readonly key: string
  readonly name: string
  /** The value as a person reads it: numbers in decimal, bytes in hex, long ones shortened. */
  readonly value: string
  readonly meaning: string
}

/** Where and why a frame is not one. */
export interface Fault {
  /** Bytes from the start of the frame. */
  readonly offset: number
  readonly reason: string
}

/** What can be said of a frame without any key. */
export interface ExplainedFrame {
  /** `gbp/1`, `gbp/2`, audio of `gbp/2`; undefined where it is none of them. */
  readonly kind: "gbp/1" | "gbp/2" | "gbp/2 audio" | undefined
  readonly lengthBytes: number
  /** All fields; with a fault, those before it. */
  readonly fields: readonly ExplainedField[]
  /** What everybody on the way can read, and change where the profile does not protect it. */
  readonly open: readonly string[]
  /** What only members can read. */
  readonly sealed: readonly string[]
  readonly fault: Fault | undefined
}

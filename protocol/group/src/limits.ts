/** Bounds of one member. Whatever is left out has its default. */
export interface GroupLimits {
  /** UTF-8 bytes of one text. Default 256 KiB. */
  readonly textBytes?: number
  /** Bytes of one envelope, in and out. Default {@link ENVELOPE_MAX_BYTES}. */
  readonly envelopeBytes?: number
  /** Members of a group that we invite into. Default 5000. */
  readonly members?: number
  /** UTF-16 units of a group's name. Default 256. */
  readonly nameCharacters?: number
  /** Intents that wait for the pending commit; one more is refused. Default 64. */
  readonly queuedIntents?: number
  /** Commits that one intent may lose before it fails. Default 16. */
  readonly intentAttempts?: number
  /** Envelopes of later epochs that wait for the commit leading there; one more is dropped. Default 64. */
  readonly parkedEnvelopes?: number
  /** Bytes of all parked envelopes together. Default 4 MiB. */
  readonly parkedBytes?: number
  /** How long an envelope may be parked before it is dropped. Default 10 minutes. */
  readonly parkedMs?: number
  /** Text messages per epoch that are remembered in order to recognise a duplicate. Default 10 000. */
  readonly seenMessages?: number
  /** Epochs that stay readable after their end. Default 3. */
  readonly pastEpochs?: number
}

/** Every bound, with its default where the caller gave none. */
export type ResolvedLimits = Required<GroupLimits>

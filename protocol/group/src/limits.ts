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
  /** Our own texts that wait until somebody who asked to leave is gone; one more is refused. Default 256. */
  readonly heldTexts?: number
  /** Bytes of all these texts. Default 4 MiB. */
  readonly heldTextBytes?: number
  /** How long each member in line has for committing that somebody leaves, before the next one does. Default 10 s. */
  readonly leaveTurnMs?: number
  /** After this time a wish to leave that nobody carries out is told of and sent again. Default 24 hours. */
  readonly leaveWaitMs?: number
  /** How old a request of a device to be let in again may be, for an answer. Default 24 hours. */
  readonly rejoinRequestMs?: number
  /** How long each member in line has for answering it, before the next one does. Default 10 s. */
  readonly rejoinTurnMs?: number
  /** So many members in line answer one request; another one meets others. Default 32. */
  readonly rejoinAnswers?: number
  /** So many requests of one device are answered in an hour; 0: none. Default 8. */
  readonly rejoinsPerHour?: number
  /** Devices whose requests are remembered at one time. Default 64. */
  readonly rejoiningDevices?: number
  /** Commits that one intent may lose before it fails. Default 16. */
  readonly intentAttempts?: number
  /** Envelopes of later epochs that wait for the commit leading there; one more is dropped. Default 64. */
  readonly parkedEnvelopes?: number
  /** Bytes of all parked envelopes together. Default 4 MiB. */
  readonly parkedBytes?: number
  /** How long an envelope may be parked before it is dropped. Default 10 minutes. */
  readonly parkedMs?: number
  /** How long a text that later ones of its sender overtook may take, before it is told to be missing and asked for. Default 30 s. */
  readonly gapWaitMs?: number
  /** How long one member has for sending it, before the next is asked. Default 30 s. */
  readonly gapAskMs?: number
  /** Members who are asked for one gap, at most 255. Default 4; 0: nobody is asked. */
  readonly gapAsks?: number
  /** How long somebody's answer may take who was offline when they were asked; the gap is open so long. Default 3 days. */
  readonly gapAnswerMs?: number
  /** Gaps of one sender; the oldest of more is given up. Default 32. */
  readonly gapsPerSender?: number
  /**
   * Of a long gap whose first texts nobody had, so many of the newest are asked for all the same: as many as others keep. Default 128.
   */
  readonly reachableTexts?: number
  /** Asks about one device's texts that may still be answered; the oldest of more is not. Default 16. */
  readonly openAsksPerSender?: number
  /** Asks about all devices' texts. Default 64. */
  readonly openAsks?: number
  /** Our newest texts whose numbers we know by id, and as many that we gave up: others are told not to wait. Default 256. */
  readonly rememberedNumbers?: number
  /** The last texts that are kept, sealed, for members who never got them. Default 128; 0: none. */
  readonly keptTexts?: number
  /** Bytes of all these texts. Default 256 KiB. */
  readonly keptTextBytes?: number
  /** How long they are kept; no longer than the group's timer and the keys of their epoch. Default 3 days. */
  readonly keptTextMs?: number
  /** Texts that one member may get from us again in an hour. Default 256; 0: none. */
  readonly redeliveredTexts?: number
  /** Bytes of all these texts; the last of them may go beyond. Default 1 MiB. */
  readonly redeliveredBytes?: number
  /** Members who may get texts from us in an hour; further ones ask somebody else. Default 64; 0: none. */
  readonly helpedMembers?: number
  /**
   * Messages by which we ask for texts, or answer with them, in one epoch; at most half of them are answers, and at most an eighth, but one
   * in any case, ask for the texts of one device. Default 64; 0: none. They take keys of the ratchet of our texts, so stay below the 100 by which a text may be late, and far below the 1000 by which it may be ahead.
   */
  readonly controlsPerEpoch?: number
  /** Text messages per epoch that are remembered in order to recognise a duplicate. Default 10 000. */
  readonly seenMessages?: number
  /** Epochs that stay readable after their end. Default 3. */
  readonly pastEpochs?: number
  /** How long a commit that was preferred to ours may take to come, before ours is made anew. Default 30 s. */
  readonly winnerMs?: number
  /** Signed heads of the log of epochs are kept for so many epochs before and behind the present one. Default 16. */
  readonly headsKept?: number
  /** Our keys are renewed when they get this old, or up to a tenth earlier. Default 30 days; 0 for never. */
  readonly updateKeysAfterMs?: number
  /** Mean time between the first key updates of those who join a group: n members take n times that. Default 15 min. */
  readonly updateSpacingMs?: number
  /** Mean time between two commits that warm the tree of a group. Default 30 s; 0 for never. */
  readonly warmEveryMs?: number
  /** Members from which on a group's tree is warmed. Default 32. */
  readonly warmFromMembers?: number
  /** Ciphertexts per level of the tree that a commit may cost before the tree is warmed. Default 2. */
  readonly warmCiphertextsPerLevel?: number
}

/** Every bound, with its default where the caller gave none. */
export type ResolvedLimits = Required<GroupLimits>

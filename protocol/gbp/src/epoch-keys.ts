/** Why a sealed payload did not open. */
export type OpenRejection =
  /** Sealed in an epoch whose keys are gone, or not there yet. */
  | "epoch_mismatch"
  /** Its key was used before: the same bytes again. */
  | "replay_detected"
  /** Sealed under other authenticated data. */
  | "header_mismatch"
  /** Everything else: not sealed by a member of this group, or changed on the way. */
  | "decrypt_failed"

/** What opening a payload found. */
export type Opened =
  | {
      readonly kind: "opened"
      /** Authenticated by the member's signature. */
      readonly senderLeafIndex: number
      readonly epoch: bigint
      readonly plaintext: Uint8Array
    }
  | { readonly kind: "rejected"; readonly reason: OpenRejection }

/**
 * The keys of a group. GBP asks for nothing else of the layer below, so it runs and is tested without MLS.
 *
 * In profile 2 a sealed payload is an MLS PrivateMessage (RFC 9420 §6.3): a key and nonce of its own per message, signed
 * by the sender's leaf.
 */
export interface EpochKeys {
  /** The epoch that {@link seal} seals in. Never goes back. */
  readonly epoch: bigint
  /** The oldest epoch that {@link open} may still open. */
  readonly oldestEpoch: bigint
  /** The newest epoch that {@link open} may open, where that is one which is prepared and not in effect. Default {@link epoch}. */
  readonly newestEpoch?: bigint
  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array
  /**
   * Total for foreign bytes; what does not open changes nothing. So what was sealed under other authenticated data must not be opened
   * at all: opening uses up its key, and the payload itself could come later.
   */
  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened
}

/** Who is who in the group right now. */
export interface Membership {
  /**
   * The member id that streams of this leaf are numbered by, or `undefined` for a leaf without one. Where a delivery
   * service orders the epochs it is the leaf index itself; the live control plane hands out ids it never reuses, so that it has to
   * know of which epoch: leaves are used again.
   */
  memberIdOf(leafIndex: number, epoch: bigint): number | undefined
  /**
   * For a leaf without an id: true if it may be numbered by the id that its authenticated frame names. Who says yes notes the id once
   * the frame was delivered. Absent: no leaf names its own id.
   *
   * @param epoch - of the frame: whoever has the leaf then is meant.
   */
  mayTakeId?(leafIndex: number, memberId: number, epoch: bigint): boolean
  /** The last transition that the control plane applied; 0 where there is none. */
  readonly lastTransitionId: number
}

import type { Signal } from "@qpc/gsp"
import type { CodecName } from "gbp-node/golden"

/** What a member made of bytes that reached it, in the words that both stacks share. */
export type Told =
  | { readonly kind: "text"; readonly senderId: number; readonly messageId: string; readonly text: string }
  | {
      readonly kind: "audio"
      readonly mediaSourceId: number
      readonly sequence: number
      readonly timestamp: string
      readonly opus: string
    }
  | {
      readonly kind: "signal"
      readonly signalType: number
      readonly senderId: number
      readonly requestId: number
      /** Who is muted then, from a stack that keeps account of it. */
      readonly muted?: readonly number[]
    }
  | {
      readonly kind: "control"
      readonly senderId: number
      readonly opcode: number
      readonly transitionId: number
      readonly requestId: number
      readonly args: string
    }
  /** Somebody says to be the coordinator from now on. */
  | { readonly kind: "claim"; readonly senderId: number }
  /** It was not delivered; nothing of it reached the user. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The node says how it is now. */
  | { readonly kind: "state"; readonly state: string }

/** One Opus packet, and what goes with it. */
export interface AudioToSend {
  readonly mediaSourceId: number
  readonly timestamp: bigint
  readonly opus: Uint8Array
}

/** A control message without its sender. */
export interface ControlToSend {
  readonly opcode: number
  readonly transitionId: number
  readonly requestId: number
  readonly args: Uint8Array
}

/** Where a member stands. */
export interface Position {
  readonly groupId: string
  /** What frames say. */
  readonly epoch: bigint
  /** What keys are of; ahead of `epoch` between a merge and EXECUTE_TRANSITION. */
  readonly mlsEpoch: bigint
  readonly transitionId: number
}

/** A commit, and the Welcome for those it adds. */
export interface Invitation {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array
}

/** A member of a group of profile 1, of whatever stack. All bytes are as they are on the wire. */
export interface StackMember {
  /** For frames; unique in the group. */
  readonly id: number
  /** A bare KeyPackage (RFC 9420 §10), as the published stack hands it around. */
  keyPackage(): Promise<Uint8Array>
  /** Stages a commit that adds them. */
  invite(keyPackages: readonly Uint8Array[]): Promise<Invitation>
  /** Stages a commit that removes the leaf. */
  remove(leafIndex: number): Promise<Uint8Array>
  /** Stages a commit of somebody else. */
  process(commit: Uint8Array): Promise<void>
  /** Merges what is staged: the keys of the next epoch. */
  finalize(): Promise<void>
  /** Drops what is staged. */
  clear(): Promise<void>
  acceptWelcome(welcome: Uint8Array): Promise<void>
  /** Begins to speak, in a group of its own. */
  asCreator(): Promise<void>
  /** Begins to speak in `epoch`, waiting for this transition; 0 for none. */
  asJoiner(epoch: bigint, transitionId: number): Promise<void>
  /** Says of itself that it is in the next epoch, as whoever sent EXECUTE_TRANSITION does. */
  applyTransition(transitionId: number): Promise<void>
  text(messageId: bigint, text: string, codec: CodecName): Promise<Uint8Array>
  audio(audio: AudioToSend, codec: CodecName): Promise<Uint8Array>
  signal(signal: Signal, requestId: number, codec: CodecName): Promise<Uint8Array>
  control(message: ControlToSend): Promise<Uint8Array>
  /** Takes a frame; applies the transition that an EXECUTE_TRANSITION is for. */
  receive(frame: Uint8Array): Promise<readonly Told[]>
  /** Writes everything down, forgets it, and goes on from what was written. */
  restart(): Promise<void>
  /** `undefined` from a stack that hands out no keys. */
  exportSecret(label: string, context: Uint8Array, lengthBytes: number): Promise<Uint8Array | undefined>
  /** Begins an SFrame session of this epoch; to be called again after each. */
  sframeSession(): Promise<void>
  sframeSeal(plaintext: Uint8Array, metadata: Uint8Array): Promise<Uint8Array>
  /** The plaintext and its sender's leaf. Fails for what does not open. */
  sframeOpen(frame: Uint8Array, metadata: Uint8Array): Promise<{ plaintext: Uint8Array; leafIndex: number }>
  position(): Promise<Position>
}

/** A stack that members can be made of. */
export interface Stack {
  readonly name: string
  newMember(id: number): Promise<StackMember>
  close(): Promise<void>
}

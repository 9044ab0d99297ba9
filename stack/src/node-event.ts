import type { RegisteredError } from "@qpc/gbp"
import { ERROR_CLASS_CODES } from "@qpc/gbp"
import type { PayloadCodec } from "./payload-codec.ts"
import type { StreamType } from "./stream-type.ts"

/** What may happen; see {@link NodeEvent}. */
export type NodeEventKind =
  | "state_changed"
  | "payload_received"
  | "control"
  | "error"
  | "epoch_advanced"
  | "coordinator_election_needed"
  | "became_coordinator"
  | "coordinator_claim"
  | "transition_abandoned"
  | "warning"

/**
 * What happened at a node. `kind` says which fields there are:
 *
 * - `state_changed`: `fromState`, `toState`.
 * - `payload_received`: `isAuthenticated`, `streamType`, `streamTypeName`, `sequenceNo`, `flags`, `codec`, `plaintext`; `sender` and
 *   `streamId`, unless it is audio of somebody whose member id is not known yet. Give `plaintext` itself, not a copy, to `accept` of the client of its stream: it knows by it who sent it.
 * - `control`: `sender`, `isAuthenticated`, `opcode`, `opcodeCode`, `transitionId`, `requestId`, `args`.
 * - `error`: `code`, `codeHex`, `classCode`, `retryable`, `fatal`, `reason`. Only a `fatal` one has ended the node.
 * - `epoch_advanced`: `epoch`, `transitionId`.
 * - `coordinator_claim`: `claimant`.
 * - `transition_abandoned`: `transitionId`. Another has taken the place of the coordinator that prepared it: the commit that was staged
 *   for it is dropped, and nobody may execute it any more.
 * - `warning`: `reason`. In profile 1 alone.
 */
export interface NodeEvent {
  readonly kind: NodeEventKind
  readonly fromState?: string
  readonly toState?: string
  readonly streamTypeName?: string
  readonly streamType?: StreamType
  readonly streamId?: number
  readonly sequenceNo?: number
  readonly flags?: number
  readonly codec?: PayloadCodec
  readonly plaintext?: Uint8Array
  /** Member id. Proved by a signature if `isAuthenticated`; in profile 1, and for audio, only that somebody in the group sent it. */
  readonly sender?: number
  readonly isAuthenticated?: boolean
  readonly opcode?: string
  readonly opcodeCode?: number
  readonly transitionId?: number
  readonly requestId?: number
  readonly args?: Uint8Array
  readonly code?: number
  readonly codeHex?: string
  readonly classCode?: number
  readonly retryable?: boolean
  readonly fatal?: boolean
  readonly reason?: string
  readonly epoch?: bigint
  readonly claimant?: number
}

const CODE_DIGITS = 4

/** An error of the registry. @param fatal - whether it ends the node, which bytes that nobody proved must not do */
export function errorEvent(error: RegisteredError, reason: string, fatal: boolean = error.fatal): NodeEvent {
  const { code, retryable } = error
  const codeHex = `0x${code.toString(16).toUpperCase().padStart(CODE_DIGITS, "0")}`
  return { kind: "error", code, codeHex, classCode: ERROR_CLASS_CODES[error.class], retryable, fatal, reason }
}

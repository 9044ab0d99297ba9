import type { EnvelopeKind } from "@qpc/envelope"
import type { MethodName, StatusName } from "@qpc/rpc"
import type { RefusalReason } from "./refusal.ts"

/** One thing that happened, in numbers: what metrics and logs are made of. No content, no names. */
export type Observation =
  | {
      readonly kind: "call"
      readonly method: MethodName | "unknown"
      readonly status: StatusName
      readonly durationMs: number
      readonly requestBytes: number
      readonly responseBytes: number
    }
  | { readonly kind: "refused"; readonly method: MethodName; readonly reason: RefusalReason | "other" }
  | { readonly kind: "enqueued"; readonly recipients: number; readonly bytes: number; readonly duplicate: boolean }
  /** One delivery of an accepted batch: everything that the server could know of it. */
  | {
      readonly kind: "envelope"
      readonly label: EnvelopeKind
      readonly epoch: number
      readonly bytes: number
      readonly recipients: number
      /** The last sealed bytes in hexadecimal: ciphertext, to show what an operator sees. */
      readonly tail: string
    }
  | { readonly kind: "pushed"; readonly bytes: number }
  | { readonly kind: "committed"; readonly writes: number; readonly durationMs: number }
  | { readonly kind: "swept"; readonly removed: number }
  | { readonly kind: "connections"; readonly open: number }

/** Called for every observation, at once. Must not throw. */
export type Observe = (observation: Observation) => void

import type { MethodName } from "@qpc/rpc"

/** A fault to be logged: what was going on, and the error. */
export interface Fault {
  readonly during: MethodName | "push" | "sweep" | "accept"
  /** What the client was told instead of the cause. */
  readonly correlationId?: string
  readonly error: unknown
}

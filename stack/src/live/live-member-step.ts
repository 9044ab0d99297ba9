import type { DropReason, LiveEvent, LiveFrame, ReceivedPayload } from "@qpc/gbp"
import type { LiveChange } from "./live-change.ts"

/** What a member of a live group tells its application. */
export type LiveMemberEvent =
  | LiveEvent<LiveChange>
  /** Text or a signal. Sender, stream and epoch are authenticated. */
  | { readonly kind: "payload"; readonly senderId: number; readonly received: ReceivedPayload }
  /** A member says that it goes. Who is coordinator removes it. */
  | { readonly kind: "leaves"; readonly memberId: number }
  /** Bytes that were no frame for us now. Nothing changed. */
  | { readonly kind: "dropped"; readonly reason: DropReason }

/** What came of a call. */
export interface LiveMemberStep {
  readonly frames: readonly LiveFrame[]
  readonly events: readonly LiveMemberEvent[]
  /** Call `tick` no later than this. */
  readonly wakeAtMs: number | undefined
}

/** Nothing came of it. */
export const NO_STEP: LiveMemberStep = { frames: [], events: [], wakeAtMs: undefined }

/** The earlier of two times, if there are any. */
export function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

/** Bytes that were no frame for us now. */
export function dropped(reason: DropReason): LiveMemberEvent {
  return { kind: "dropped", reason }
}

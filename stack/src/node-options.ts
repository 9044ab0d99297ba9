import { platform } from "#platform"
import { NONCE_REUSE_RISK } from "@qpc/gbp"
import { DEFAULT_TIMEOUTS } from "./control-plane.ts"
import type { ControlTimeouts } from "./control-plane.ts"

/** How a node is to work. */
export interface GroupNodeOptions {
  /**
   * `gbp/2`, the default: every payload is sealed and signed by MLS. `gbp/1` is for talking to the published stack and for nothing
   * else; see {@link PROFILE_1_WARNING}.
   */
  readonly profile?: "gbp/2" | "gbp/1"
  /**
   * For profile 1: lets more than one member send on a stream type, although they seal under the same keys and nonces. Without it the
   * second sender is refused, whether that is us or somebody else.
   */
  readonly acceptedRisk?: typeof NONCE_REUSE_RISK
  /** Milliseconds on a clock that never goes back, for timers. Default the platform's. */
  readonly now?: () => number
  /** Default 5 s to prepare, 10 s to execute, 10 s of silence of the coordinator. */
  readonly timeouts?: Partial<ControlTimeouts>
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  readonly profile: "gbp/2" | "gbp/1"
  readonly acceptedRisk: typeof NONCE_REUSE_RISK | undefined
  readonly now: () => number
  readonly timeouts: ControlTimeouts
}

/** What every node of profile 1 warns of. */
export const PROFILE_1_WARNING: string =
  "profile gbp/1 seals the payloads of all members under the same keys and nonces, and proves no sender: whoever carries two frames " +
  "of two members can read and forge. It is for talking to the published stack; between our own nodes use gbp/2."

/** @throws RangeError for a profile, a risk or a time that is none */
export function resolveOptions(options: GroupNodeOptions): ResolvedOptions {
  const { profile = "gbp/2", acceptedRisk, now = platform.monotonicMs } = options
  if (profile !== "gbp/2" && profile !== "gbp/1")
    throw new RangeError(`the profiles are gbp/2 and gbp/1, not ${String(profile)}`)
  if (acceptedRisk !== undefined && acceptedRisk !== NONCE_REUSE_RISK) {
    throw new RangeError("the only risk to accept is NONCE_REUSE_RISK")
  }
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
  for (const [name, value] of Object.entries(timeouts)) {
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} is not a time in milliseconds: ${value}`)
  }
  return { profile, acceptedRisk, now, timeouts }
}

import { VirtualClock } from "@qpc/rpc/testing"
import type { ServerClock } from "../clock.ts"

/** The moment at which virtual servers start. */
export const EPOCH_MS = 1_800_000_000_000

/** A server's time that stands still until a test moves it. */
export class VirtualServerClock extends VirtualClock implements ServerClock {
  unixMs(): number {
    return EPOCH_MS + this.nowMs()
  }
}

import { framedProtocol } from "@qpc/transport"
import type { StreamProtocol } from "@qpc/transport"

/** What travels unless another protocol is asked for; `nextTick` waits for all microtasks of a turn, so that its writes leave together. */
export const FRAMED: StreamProtocol = framedProtocol("qpc", { defer: (task) => process.nextTick(task) })

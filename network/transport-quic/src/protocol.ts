import { framedProtocol } from "@qpc/transport"
import type { StreamProtocol } from "@qpc/transport"

/**
 * The application protocol in every handshake (RFC 7301) unless another is asked for: another version of the frames gets
 * another name. Writes of one turn leave together; `nextTick` waits for all microtasks of the turn, `queueMicrotask` would not.
 */
export const QPC_PROTOCOL: StreamProtocol = framedProtocol("qpc", { defer: (task) => process.nextTick(task) })

/** The application protocol in every handshake (RFC 7301): another version of the frames gets another name. */
export const ALPN = "qpc"

/** Writes of one turn leave together; `nextTick` waits for all microtasks of the turn, `queueMicrotask` would not. */
export const FRAMING: { readonly defer: (task: () => void) => void } = { defer: (task) => process.nextTick(task) }

/** What every connection promises, whatever the bytes travel over. @module */
export { TransportError } from "./connection.ts"
export type { Connection, Dial, Listener, TransportErrorCode } from "./connection.ts"
export type { BytePipe, PipeSink } from "./framed/byte-pipe.ts"
export { framedConnection } from "./framed/framed-connection.ts"
export type { ConnectionLimits, FramedOptions } from "./framed/framed-connection.ts"
export { Inbox, InboxOverflowError } from "./inbox.ts"
export { memoryListener, memoryPair } from "./memory/memory-connection.ts"
export type { MemoryListener, MemoryPair } from "./memory/memory-connection.ts"

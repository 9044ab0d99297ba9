/** What every connection promises, whatever the bytes travel over. @module */
export { TransportError } from "./connection.ts"
export type { Connection, Dial, Listener, TransportErrorCode } from "./connection.ts"
export { Inbox, InboxOverflowError } from "./inbox.ts"

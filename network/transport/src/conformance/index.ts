/** The suite that checks what every connection promises, for any transport's own tests. Needs vitest and fast-check. @module */
export { firstDifference, patternBytes, readAll, readSome, writeAll } from "./bytes.ts"
export type { ConnectionMaker, ConnectionPair, ListenerFixture } from "./connection-pair.ts"
export { describeConnection } from "./describe-connection.ts"
export { describeListener } from "./describe-listener.ts"
export { pairThrough } from "./pair-through.ts"
export type { FailingNetwork } from "./pair-through.ts"
export { TcpRelay } from "./tcp-relay.ts"

/** What a client needs on Node: the encrypted profile and OPAQUE in a worker thread. @module */
export { hasSqliteStore, openSqliteStore } from "./open-sqlite-store.ts"
export type { SqliteStoreOptions } from "./open-sqlite-store.ts"
export type { SqliteStore } from "./sqlite-store.ts"
export type { StretchingCost } from "./store-key.ts"

/** What a client needs on Node: the encrypted profile and OPAQUE in a worker thread. @module */
export { knownServers } from "../known-servers.ts"
export type { KnownServerRecord, StoredServers } from "../known-servers.ts"
export { nodeClientParts } from "./client-parts.ts"
export { hasSqliteStore, openSqliteStore } from "./open-sqlite-store.ts"
export type { SqliteStoreOptions } from "./open-sqlite-store.ts"
export { opaqueInWorker } from "./opaque-in-worker.ts"
export type { SqliteStore } from "./sqlite-store.ts"
export type { StretchingCost } from "./store-key.ts"

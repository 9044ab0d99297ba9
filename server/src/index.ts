/** The delivery server: accounts, key packages, ordered inboxes. It cannot read a message. @module */
export * from "./core.ts"
export { exitCodes, StartError } from "./exit-code.ts"
export type { ExitName } from "./exit-code.ts"
export { openServer, startServer } from "./start-server.ts"
export { openSqliteStorage } from "./storage/sqlite/sqlite-storage.ts"
export type { SqliteStorageOptions } from "./storage/sqlite/sqlite-storage.ts"

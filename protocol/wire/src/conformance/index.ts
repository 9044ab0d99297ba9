/** A store that counts what is written, for tests of whatever is stored in records. @module */
export { RecordStore } from "./record-store.ts"
export type { Written } from "./record-store.ts"

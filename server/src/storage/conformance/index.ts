/** What every store must do, as cases that any test runner can run. @module */
export { storageCases } from "./cases.ts"
export type { StorageCase } from "./cases.ts"

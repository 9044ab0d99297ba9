/** What every cipher suite is held to, and the published vectors to hold it to. @module */
export type { VectorResult } from "./tally.ts"
export { loadBrowserVectorProvider, nodeVectorProvider } from "./vector-provider.ts"
export type { VectorProvider } from "./vector-provider.ts"
export { cryptoVectorSets } from "./vector-sets.ts"
export type { VectorSet } from "./vector-sets.ts"

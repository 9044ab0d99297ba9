/** Runs the published test vectors of all primitives on one platform's. For reports and tests. @module */
export { loadBrowserVectorProvider, nodeVectorProvider } from "./vector-provider.ts"
export type { VectorProvider } from "./vector-provider.ts"
export { cryptoVectorSets } from "./vector-sets.ts"

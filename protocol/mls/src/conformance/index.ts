/** Runs the published test vectors of MLS. For the conformance report and our own tests. @module */
export { groupVectorSets } from "./group-vector-sets.ts"
export { treeVectorSets } from "./tree-vector-sets.ts"
export { mlsVectorSet } from "./vector-set.ts"
export type { MlsVectorFile } from "./vector-set.ts"

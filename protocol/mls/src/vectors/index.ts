/** Runs the published test vectors of MLS. For reports and tests. @module */
export { groupVectorSets } from "./group-vector-sets.ts"
export { treeVectorSets } from "./tree-vector-sets.ts"

/** Runs the published test vectors of MLS, and lists its decoders. For reports and tests. @module */
export { mlsCodecs } from "./mls-codecs.ts"
export { groupVectorSets } from "./group-vector-sets.ts"
export { treeVectorSets } from "./tree-vector-sets.ts"
export { mlsVectorSet } from "./vector-set.ts"
export type { MlsVectorFile } from "./vector-set.ts"

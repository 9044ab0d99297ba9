/** The published vectors that the codecs are held to. Reads files; not for products. @module */
export { wireVectorSets } from "./vector-sets.ts"
export { vectorFolder } from "./vector-files.ts"
export type { VectorFiles } from "./vector-files.ts"
export type { VectorResult, VectorSet } from "./vector-set.ts"

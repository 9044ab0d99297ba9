/** What the codecs are held to: published vectors, and a store that counts. Reads files; not for products. @module */
export { RecordStore } from "./record-store.ts"
export type { Written } from "./record-store.ts"
export { wireVectorSets } from "./vector-sets.ts"
export { vectorFolder } from "./vector-files.ts"
export type { VectorFiles } from "./vector-files.ts"
export type { VectorResult, VectorSet } from "./vector-set.ts"

/** What runners of published test vectors have in common, and the ones of this package. Reads no files itself. @module */
export { runSafely } from "./run-set.ts"
export { wireVectorSets } from "./vector-sets.ts"
export type { VectorFiles } from "./vector-files.ts"
export { missingFile } from "./vector-set.ts"
export type { SetReport, VectorResult, VectorSet } from "./vector-set.ts"

/** Runs the published test vectors of SFrame. For reports and tests. @module */
export { sframeVectorSets } from "./vector-sets.ts"

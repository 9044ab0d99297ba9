/** All published vectors that the packages answer for. Reads no files itself, so that a page can run them. @module */
export { vectorSets } from "./vector-sets.ts"

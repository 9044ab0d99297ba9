/** What reads files: for programs on Node that run test vectors. @module */
export { vectorFolder } from "./vector-folder.ts"

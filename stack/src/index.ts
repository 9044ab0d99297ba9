/** The Group Protocol Stack as one library, under the names of the published packages. @module */
export { StreamType } from "./stream-type.ts"

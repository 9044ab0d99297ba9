/** The Group Protocol Stack as one library, under the names of the published packages. @module */
export { MEMBER_ID_EXTENSION } from "./member-id-extension.ts"
export { StreamType } from "./stream-type.ts"

import { MUSTS_OF_GROUPS } from "./groups.ts"
import { MUSTS_OF_MEMBERS } from "./members.ts"
import type { Must } from "./must.ts"

/** Every MUST and MUST NOT of RFC 9420 §§5–17, in the order of the sections. */
export const MUSTS: readonly Must[] = [...MUSTS_OF_MEMBERS, ...MUSTS_OF_GROUPS]

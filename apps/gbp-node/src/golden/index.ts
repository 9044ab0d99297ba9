/** The golden messages of gbp/1, what reads and writes them, and the sets that check both. @module */
export { formatOf } from "./formats.ts"
export type { Format } from "./formats.ts"
export { goldenProfile1, revived } from "./golden-file.ts"
export type { CodecName, Golden, GoldenSealed, Kind } from "./golden-file.ts"
export { openingFailure, sealingFailure } from "./sealed-payload.ts"

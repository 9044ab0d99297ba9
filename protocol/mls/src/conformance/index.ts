/** Lists the decoders of MLS with valid bytes, for tests that give them others. @module */
export { mlsCodecs } from "./mls-codecs.ts"

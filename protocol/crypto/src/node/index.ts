/** Cryptography on node:crypto and, where it can be loaded, libsodium, for Node 26, and 24 from 24.15 on. @module */
export { argon2id } from "./argon2id.ts"
export type { Argon2idCost } from "./argon2id.ts"
export { chacha20Poly1305Open, chacha20Poly1305Seal } from "./chacha20-poly1305.ts"
export type { KeyLimits } from "./keys.ts"
export type { Libraries } from "./libraries.ts"
export { nodeRandom } from "./node-random.ts"
export { parallelSuite } from "./parallel-suite.ts"
export type { ParallelOptions, ParallelSuite } from "./parallel-suite.ts"
export { sframeCiphers } from "./sframe-ciphers.ts"
export {
  newSuite,
  newSuite0001,
  suite0001,
  suite0002,
  suite0003,
  suite0004,
  suite0005,
  suite0006,
  suite0007,
  suites,
} from "./suites.ts"
export type { NodeSuite, NodeSuiteOptions } from "./suites.ts"
export { newXWingSuite } from "./xwing-suite.ts"
export type { NodeXWingSuiteOptions } from "./xwing-suite.ts"
export { x25519Agree, x25519PublicKey } from "./x25519.ts"

/**
 * The only door to cryptographic primitives: one synchronous interface, implemented in `./node` and `./browser`.
 *
 * @module
 */
export type { CipherSuite, CipherSuiteSizes, HpkeInfo, HpkeSealed, KeyPair, SignatureCheck } from "./cipher-suite.ts"
export type { SFrameCipher } from "./sframe-cipher.ts"
export type { XWingKeyDerivation } from "./xwing.ts"
export { XWING_SUITE_ID } from "./xwing-suite.ts"
export type { XWingSuiteOptions } from "./xwing-suite.ts"

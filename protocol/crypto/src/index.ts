/** The only door to cryptographic primitives: one synchronous interface, implemented in `./node` and `./browser`. @module */
export type { CipherSuite, CipherSuiteSizes, HpkeSealed, KeyPair } from "./cipher-suite.ts"

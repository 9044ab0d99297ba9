/** Cryptography for browsers, without node:crypto and without WebCrypto's promises. @module */
export { chacha20Poly1305Open, chacha20Poly1305Seal } from "./chacha20-poly1305.ts"
export { sframeCiphers } from "./sframe-ciphers.ts"
export { SODIUM_CURVE25519_FUNCTIONS } from "./sodium.ts"
export { loadBrowserSuite, loadBrowserSuite0001 } from "./suites.ts"
export { loadBrowserXWingSuite } from "./xwing-suite.ts"

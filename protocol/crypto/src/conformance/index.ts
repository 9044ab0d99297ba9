/** What every cipher suite is held to, and the published vectors to hold it to. @module */
export { checkCipherSuite } from "./check-cipher-suite.ts"
export { checkSuitesAgree } from "./check-suites-agree.ts"
export type { Register } from "./law.ts"
export { monitorNonces, NonceMonitorError } from "./nonce-monitor.ts"
export type { MonitoredSuite } from "./nonce-monitor.ts"
export { loadBrowserVectorProvider, nodeVectorProvider } from "./vector-provider.ts"
export type { VectorProvider } from "./vector-provider.ts"
export { cryptoVectorSets } from "./vector-sets.ts"

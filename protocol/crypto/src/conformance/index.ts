/** What every cipher suite is held to, and a monitor of nonces. For tests. @module */
export { checkCipherSuite } from "./check-cipher-suite.ts"
export { checkSuitesAgree } from "./check-suites-agree.ts"
export type { Register } from "./law.ts"
export { monitorNonces, NonceMonitorError } from "./nonce-monitor.ts"
export type { MonitoredSuite } from "./nonce-monitor.ts"
export { allowKeyReuse, expectKeyReuse, expectNonceReuse, resetNonceMonitor, unwatched } from "./nonce-monitor-scope.ts"
export type { NonceMonitor } from "./nonce-monitor-scope.ts"

/** Plain TCP: nothing on the way is encrypted or authenticated unless the protocol on top does that. @module */
export { dialTcp, tcpDialer } from "./dial.ts"
export type { TcpDialOptions } from "./dial.ts"
export { listenTcp } from "./listen.ts"
export type { TcpListenOptions } from "./listen.ts"

/** What transports over sockets of Node share. @module */
export { Admission } from "./admission.ts"
export { DuplexPipe } from "./duplex-pipe.ts"
export { formatHostPort, plainAddress } from "./host-port.ts"
export { listenError } from "./listen-error.ts"
export { networkOf } from "./network-of.ts"

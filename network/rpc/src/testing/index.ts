/** What tests of anything that calls or serves need. @module */
export { refuseAll } from "./refuse-all.ts"
export { turns, until } from "./until.ts"
export { VirtualClock } from "./virtual-clock.ts"

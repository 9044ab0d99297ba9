/** What tests of anything that calls or serves need. @module */
export { VirtualClock } from "./virtual-clock.ts"
export { refuseAll } from "./refuse-all.ts"

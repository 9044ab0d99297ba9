/** What tests of anything that runs clients need. @module */
export { TestClock } from "./test-clock.ts"

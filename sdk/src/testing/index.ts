/** What tests of anything that runs clients need. @module */
export { healthyGroup, healthyProfile } from "./healthy-capsule.ts"
export { TestClock } from "./test-clock.ts"

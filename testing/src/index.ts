/** Virtual time, seeded faults, end-to-end tests and benchmarks. Never shipped. @module */
export {}

/** Calls, pushes and status codes over any connection. @module */
export {}

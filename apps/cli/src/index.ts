/** qpc, the command line messenger. @module */
export {}

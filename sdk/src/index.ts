/** Identity, conversations, encrypted local store and delivery: what a program calls. @module */
export {}

/** Messaging Layer Security (RFC 9420): a pure, synchronous engine. @module */
export {}

/** All that a delivery server may read of a message, and padding. @module */
export {}

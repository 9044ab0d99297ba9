/** Group Text Protocol: text messages with ids over GBP. @module */
export {}

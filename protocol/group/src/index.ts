/** One member of one group as one pure object. @module */
export {}

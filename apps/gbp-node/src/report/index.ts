/** The conformance report: what it is made of, and the sets that need no files. @module */
export { goldenSets } from "../golden/golden-sets.ts"
export { checklistSets } from "./checklist-sets.ts"
export { Report } from "./report.ts"

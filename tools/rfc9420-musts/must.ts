/** Who has to see to it: this engine, the application that uses it, or those who write specifications and registries. */
type Keeper = "engine" | "application" | "specifications"

/** One requirement, in our words. */
export interface Must {
  readonly section: string
  readonly keeper: Keeper
  readonly says: string
  /** Titles of tests, as they stand in the sources. None where nothing of ours can test it: `remark` says why. */
  readonly tests: readonly string[]
  readonly remark?: string
}

/** The engine sees to it. */
export const must = (section: string, says: string, ...tests: string[]): Must => ({
  section,
  keeper: "engine",
  says,
  tests,
})
/** The application sees to it; the engine helps. */
export const application = (section: string, says: string, why: string, ...tests: string[]): Must => {
  return { section, keeper: "application", says, tests, remark: why }
}
/** Nobody who runs a program has to do with it. */
export const specifications = (section: string, says: string): Must => ({
  section,
  keeper: "specifications",
  says,
  tests: [],
})

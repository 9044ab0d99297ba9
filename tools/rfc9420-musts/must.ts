/** Who has to see to it: this engine, the application that uses it, or those who write specifications and registries. */
type Keeper = "engine" | "application" | "specifications"

/** One requirement, in our words. */
export interface Must {
  readonly section: string
  readonly keeper: Keeper
  readonly says: string
  /** Titles of tests, as they stand in the sources. None means that nothing covers it: `gap` then says why. */
  readonly tests: readonly string[]
  readonly gap?: string
}

/** The engine sees to it. */
export const must = (section: string, says: string, ...tests: string[]): Must => ({
  section,
  keeper: "engine",
  says,
  tests,
})
/** The engine should see to it, and does so in part or not at all. */
export const gap = (section: string, says: string, why: string, ...tests: string[]): Must => {
  return { section, keeper: "engine", says, tests, gap: why }
}
/** The application sees to it; the engine helps. */
export const application = (section: string, says: string, why: string, ...tests: string[]): Must => {
  return { section, keeper: "application", says, tests, gap: why }
}
/** Nobody who runs a program has to do with it. */
export const specifications = (section: string, says: string): Must => ({
  section,
  keeper: "specifications",
  says,
  tests: [],
})

/** A: GBP and GSP; B: GTP too; C: GAP too (interoperability profile, "Conformance classes"). */
export type ConformanceClass = "a" | "b" | "c"

const CLASSES: readonly ConformanceClass[] = ["a", "b", "c"]

/** What a program of this class advertises: its own token and those of the classes below. */
export function tokensOf(conformanceClass: ConformanceClass): readonly string[] {
  return CLASSES.slice(0, CLASSES.indexOf(conformanceClass) + 1).map(tokenOf)
}

/** The highest class of which a program advertises the token and all below; `undefined` for not even A. */
export function classOf(names: ReadonlySet<string>): ConformanceClass | undefined {
  const firstMissing = CLASSES.findIndex((one) => !names.has(tokenOf(one)))
  return firstMissing === -1 ? CLASSES.at(-1) : CLASSES[firstMissing - 1]
}

/** A group's class is that of its lowest member. `undefined` if one of them has none, and for nobody. */
export function classOfGroup(members: Iterable<ReadonlySet<string>>): ConformanceClass | undefined {
  const ranks = [...members].map((names) => {
    const own = classOf(names)
    return own === undefined ? -1 : CLASSES.indexOf(own)
  })
  return CLASSES[Math.min(...ranks)]
}

function tokenOf(conformanceClass: ConformanceClass): string {
  return `gbp/class-${conformanceClass}`
}

import type { Capsule } from "@qpc/sdk"

/** Where two capsules differ, one line each: `groups[0].outbox.unsent: 1, replayed 2`. The versions that wrote them may differ. */
export function differencesOf(given: Capsule, replayed: Capsule): readonly string[] {
  const { versions: _, ...wanted } = given
  const { versions: __, ...found } = replayed
  return [...differing(wanted, found, "")]
}

function* differing(wanted: unknown, found: unknown, path: string): Generator<string> {
  if (!isContainer(wanted) || !isContainer(found) || Array.isArray(wanted) !== Array.isArray(found)) {
    if (wanted !== found) yield `${path}: ${shown(wanted)}, replayed ${shown(found)}`
    return
  }
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)])
  for (const name of names) {
    const below = Array.isArray(wanted) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`
    yield* differing(wanted[name], found[name], below)
  }
}

const isContainer = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value))

import { newcomers } from "./cast.ts"
import type { Library, Member } from "./library.ts"

/** Several at a time where they are small, since the engine's own doings and free room in a module are as large. */
const JOINERS = 8
const LARGE_GROUP = 10_000

/**
 * Bytes of memory that one more member's view of a group takes, on average over some newcomers: after garbage collection,
 * heap and buffers of the engine and what WebAssembly modules grew by. Needs `--expose-gc`; without it `undefined`.
 */
export async function memberMemory(library: Library, memberCount: number): Promise<number | undefined> {
  if (globalThis.gc === undefined) return undefined
  const people = await newcomers(library, memberCount)
  const creator = await library.create(people[0]!)
  const invitation = await creator.add(people.slice(1))
  const joiners =
    library.invitesOneByOne === true
      ? Array.from({ length: JOINERS }, () => people.at(-1)!)
      : people.slice(1).slice(memberCount >= LARGE_GROUP ? -1 : -JOINERS)
  const joined: Member[] = []
  const before = await memoryBytes(library)
  for (const joiner of joiners) joined.push(await joiner.join(invitation))
  const after = await memoryBytes(library)
  for (const member of [creator, ...joined]) member.free?.()
  return Math.max(0, Math.round((after - before) / joiners.length))
}

async function memoryBytes(library: Library): Promise<number> {
  // Finalizers of the first collection let go of what the second one frees.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers + (library.foreignMemoryBytes?.() ?? 0)
}

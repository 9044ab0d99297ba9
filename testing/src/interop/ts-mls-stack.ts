import type { MlsStack } from "./calls.ts"
import { tsMemberCalls } from "./ts-mls-members.ts"
import { loadTsSuites, newTsMemory } from "./ts-mls-state.ts"
import { tsSubgroupCalls } from "./ts-mls-subgroups.ts"

/** ts-mls 1.6.4 behind the calls, through its public functions. */
export async function tsMlsStack(): Promise<MlsStack> {
  const memory = newTsMemory()
  const suites = await loadTsSuites()
  return { ...tsMemberCalls(memory, suites), ...tsSubgroupCalls(memory, suites) }
}

import type { MlsStack } from "./calls.ts"
import { memberCalls } from "./our-members.ts"
import { outsiderCalls } from "./our-outsiders.ts"
import { proposalCalls } from "./our-proposals.ts"
import { newMemory } from "./our-state.ts"
import { subgroupCalls } from "./our-subgroups.ts"

/** Our engine behind all 34 calls. Everything in it is lost with the object: it is for tests. */
export function ourStack(): MlsStack {
  const memory = newMemory()
  return { ...memberCalls(memory), ...proposalCalls(memory), ...subgroupCalls(memory), ...outsiderCalls(memory) }
}

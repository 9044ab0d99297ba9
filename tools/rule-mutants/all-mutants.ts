import { AUDIO_MUTANTS } from "./audio-mutants.ts"
import { GROUP_MUTANTS } from "./group-mutants.ts"
import { LAYER_MUTANTS } from "./layer-mutants.ts"
import { MLS_MUTANTS } from "./mls-mutants.ts"
import type { RuleMutant } from "./rule-mutant.ts"
import { SDK_MUTANTS } from "./sdk-mutants.ts"
import { SERVER_MUTANTS } from "./server-mutants.ts"

/** From the lowest layer up. */
export const ALL_MUTANTS: readonly RuleMutant[] = [
  ...MLS_MUTANTS,
  ...LAYER_MUTANTS,
  ...AUDIO_MUTANTS,
  ...GROUP_MUTANTS,
  ...SERVER_MUTANTS,
  ...SDK_MUTANTS,
]

import type { Stage } from "./stage.ts"

/** One line of the checklist of the interoperability profile (GBP "Interoperability Profile" §7). */
export interface ChecklistItem {
  /** As in the profile. */
  readonly number: number
  readonly title: string
  /** Plays the scenario. @throws CheckFailure where something is not as it has to be */
  run(stage: Stage): Promise<void>
}

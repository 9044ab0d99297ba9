import type { LiveStage } from "./live-stage.ts"
import type { Stage } from "./stage.ts"

/** One line of the checklist of the interoperability profile (GBP "Interoperability Profile" §7). */
export interface ChecklistItem {
  /** As in the profile. */
  readonly number: number
  readonly title: string
  /** Plays the scenario with nodes whose transitions the application takes by hand. @throws CheckFailure where something is not as it has to be */
  run(stage: Stage): Promise<void>
  /** The same in a live group, whose control plane runs by itself, where that is another matter. @throws CheckFailure */
  runLive?(stage: LiveStage): Promise<void>
}

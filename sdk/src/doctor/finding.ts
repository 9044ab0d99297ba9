import type { GroupId } from "@qpc/wire"
import { MEANINGS } from "./meanings.ts"
import type { Asked, ProfileSnapshot } from "./snapshot.ts"
import type { StuckState } from "./stuck-state.ts"

/** How much a finding matters. */
export type Urgency =
  /** Nothing is wrong. */
  | "fine"
  /** Worth knowing; there is nothing to do. */
  | "note"
  /** It goes on by itself. */
  | "waits"
  /** It does not go on by itself. */
  | "stuck"

/** What may put an end to a state. */
export type Repair =
  /** Connect, log in, take in what waits, fetch missing commits, send what waits, replenish key packages. Loses nothing. */
  | "synchronise"
  /** Give a commit up that the server does not have, so that its changes can be made anew or be wanted again. */
  | "give_up_pending"
  /** Delete records that cannot be read, which nobody can bring back. */
  | "forget_damaged"

/** One thing that the doctor found. Holds numbers and public ids: no key, no text, no name. */
export interface Finding {
  readonly state: StuckState
  readonly urgency: Urgency
  /** The group that it is about; absent where it is about the profile. */
  readonly groupId?: GroupId
  /** What it means. */
  readonly meaning: string
  /** What a person should do. */
  readonly nextStep: string
  /** What {@link Client.repair} would do about it; absent where it can do nothing. */
  readonly repair?: Repair
  /** Counts, epochs, codes and times, each under a name that ends with its unit where it has one. */
  readonly facts: Facts
}

/** What is known beside the name of a state. */
export type Facts = Readonly<Record<string, number | string>>

/** What a diagnosis was made from. */
export interface Grounds {
  readonly profile: ProfileSnapshot
  readonly asked: Asked
  readonly isSynchronised: boolean
}

/** Everything that the doctor found: something about the profile, and something about each group. */
export interface Diagnosis {
  readonly findings: readonly Finding[]
  /** Absent where the profile could not be looked into. Ids and times are in it: `capsuleOf` makes what may be shown to others. */
  readonly grounds?: Grounds
  /** True if nothing is stuck: what is wrong, if anything, goes on by itself. */
  readonly isHealthy: boolean
}

/** A finding with what its state means. */
export function finding(state: StuckState, facts: Facts = {}, groupId?: GroupId): Finding {
  const { urgency, meaning, nextStep, repair } = MEANINGS[state]
  return { state, urgency, meaning, nextStep, facts, ...(repair && { repair }), ...(groupId && { groupId }) }
}

/** Puts findings together. */
export function diagnosisOf(findings: readonly Finding[], grounds?: Grounds): Diagnosis {
  return { findings, isHealthy: findings.every(({ urgency }) => urgency !== "stuck"), ...(grounds && { grounds }) }
}

/** A diagnosis with what was found about the profile beside it. */
export function withFindings(diagnosis: Diagnosis, more: readonly Finding[]): Diagnosis {
  if (more.length === 0) return diagnosis
  const { findings, grounds } = diagnosis
  const others = findings.filter(({ state, groupId }) => state !== "healthy" || groupId !== undefined)
  return diagnosisOf([...more, ...others], grounds)
}

import { StackError } from "gbp-stack"
import { authorization } from "./authorization.ts"
import { Clock } from "./carrier.ts"
import type { Carrier } from "./carrier.ts"
import { CheckFailure } from "./check.ts"
import { duplicates } from "./duplicates.ts"
import { formation } from "./formation.ts"
import { invalidCommit } from "./invalid-commit.ts"
import type { ChecklistItem } from "./item.ts"
import { LiveStage } from "./live-stage.ts"
import { membership } from "./membership.ts"
import { overlap } from "./overlap.ts"
import { QuicCarrier } from "./quic-carrier.ts"
import { replay } from "./replay.ts"
import { SimulatedCarrier } from "./simulated-carrier.ts"
import { Stage } from "./stage.ts"
import { tieBreak } from "./tie-break.ts"

/** The checklist of the interoperability profile, in its order. */
export const CHECKLIST: readonly ChecklistItem[] = [
  formation,
  membership,
  tieBreak,
  invalidCommit,
  replay,
  overlap,
  duplicates,
  authorization,
]

/** What came of one item over one network. */
export interface ChecklistResult {
  readonly number: number
  readonly title: string
  readonly over: Carrier["name"]
  /** Why it failed; undefined if it passed. */
  readonly failure: string | undefined
}

/** Plays one item in virtual time. The seed decides delays and losses. */
export async function playSimulated(item: ChecklistItem, seed: number): Promise<ChecklistResult> {
  const clock = new Clock()
  await using carrier = new SimulatedCarrier(clock, seed)
  return await play(item, carrier, clock)
}

/** Plays one item over QUIC on the loopback. @param nowMs - Unix time, for the certificate. @throws TransportError */
export async function playOverQuic(item: ChecklistItem, nowMs: number): Promise<ChecklistResult> {
  await using carrier = await QuicCarrier.open(nowMs)
  return await play(item, carrier, new Clock())
}

async function play(item: ChecklistItem, carrier: Carrier, clock: Clock): Promise<ChecklistResult> {
  const { number, title } = item
  using stage = new Stage(carrier, clock)
  using liveStage = new LiveStage(carrier, clock)
  const about = { number, title, over: carrier.name }
  try {
    await item.run(stage)
    await item.runLive?.(liveStage)
    return { ...about, failure: undefined }
  } catch (error) {
    if (!(error instanceof CheckFailure) && !(error instanceof StackError)) throw error
    return { ...about, failure: error.message }
  }
}

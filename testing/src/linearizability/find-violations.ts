import type { Storage } from "@qpc/server"
import { Prng } from "../simulate/prng.ts"
import { linearize } from "./check-history.ts"
import type { Call, Model } from "./check-history.ts"
import { PEOPLE, recordDelivery } from "./delivery-history.ts"
import { deliveryModel } from "./delivery-model.ts"
import { recordKeyPackages } from "./key-package-history.ts"
import { keyPackageModel } from "./key-package-model.ts"
import { Served } from "./served.ts"
import { slowStorage } from "./slow-storage.ts"

/** What histories are about. */
export const TOPICS = ["messages", "claims", "key packages"] as const
export type HistoryTopic = (typeof TOPICS)[number]

/** What was found. */
export interface Findings {
  readonly histories: number
  readonly calls: number
  /** Calls whose answer was lost. */
  readonly lost: number
  /** Pairs of calls that overlapped. */
  readonly overlaps: number
  /** How often each answer was given, numbers left out. */
  readonly answers: ReadonlyMap<string, number>
  /** Histories with no explanation, each with its seed. */
  readonly violations: readonly string[]
}

/** Records and checks histories on one server. @param storage - stays the caller's */
export async function findViolations(
  storage: Storage,
  plan: { readonly topic: HistoryTopic; readonly histories: number; readonly seed: number },
): Promise<Findings> {
  const { topic, histories, seed } = plan
  const slowed = slowStorage(storage, new Prng(BigInt(seed), "storage"))
  const served = await Served.open(storage, slowed)
  const sums = { calls: 0, lost: 0, overlaps: 0 }
  const answers = new Map<string, number>()
  const violations: string[] = []
  for (let number = 0; number < histories; number++) {
    const { history, isExplained } = await recordOne(served, topic, new Prng(BigInt(seed), `${topic} ${number}`))
    sums.calls += history.length
    sums.lost += history.filter(({ output }) => output === undefined).length
    sums.overlaps += overlapsOf(history)
    for (const { input, output } of history) {
      const name = `${input.kind}: ${output?.replaceAll(/\d+/gu, "n") ?? "no answer"}`
      answers.set(name, (answers.get(name) ?? 0) + 1)
    }
    if (!isExplained) violations.push(`seed ${seed}, ${topic} ${number}:\n${described(history)}`)
  }
  await served.close()
  return { histories, ...sums, answers, violations }
}

type AnyCall = Call<{ readonly kind: string }>

interface Judged {
  readonly history: readonly AnyCall[]
  readonly isExplained: boolean
}

async function recordOne(served: Served, topic: HistoryTopic, prng: Prng): Promise<Judged> {
  if (topic === "key packages") return judged(keyPackageModel, await recordKeyPackages(served, prng))
  return judged(deliveryModel(PEOPLE), await recordDelivery(served, topic, prng))
}

function judged<State, Input extends { readonly kind: string }>(
  model: Model<State, Input>,
  history: readonly Call<Input>[],
): Judged {
  return { history, isExplained: linearize(model, history) !== undefined }
}

function overlapsOf(history: readonly AnyCall[]): number {
  const after = (one: AnyCall): AnyCall[] =>
    history.filter((other) => other.calledAt > one.calledAt && other.calledAt < one.answeredAt)
  return history.reduce((sum, one) => sum + after(one).length, 0)
}

function described(history: readonly AnyCall[]): string {
  return history
    .toSorted((a, b) => a.calledAt - b.calledAt)
    .map(({ input, output, calledAt, answeredAt }) => {
      return `  ${calledAt} to ${answeredAt}: ${JSON.stringify(input)} → ${output ?? "no answer"}`
    })
    .join("\n")
}

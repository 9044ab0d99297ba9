import { describe, expect, it } from "vitest"
import { introduce, playAll } from "./matrix.ts"
import type { Outcome } from "./matrix.ts"
import { knownLimit } from "./peer-limits.ts"
import { interopFilesExist } from "./proto.ts"
import { loadScripts } from "./script.ts"
import { loadStack } from "./stacks.ts"
import type { StackName } from "./stacks.ts"

/** Plays all stories but the long one; who comes first is the creator. */
async function meet(...names: StackName[]): Promise<Outcome[]> {
  const participants = await Promise.all(names.map(async (name) => await introduce(name, await loadStack(name))))
  const scripts = loadScripts().filter(({ file }) => file !== "deep_random")
  const outcomes: Outcome[] = []
  for await (const outcome of playAll(scripts, participants)) outcomes.push(outcome)
  return outcomes
}

const storiesOf = (outcomes: readonly Outcome[], result: Outcome["result"]): string[] => [
  ...new Set(outcomes.filter((outcome) => outcome.result === result).map(({ script }) => script)),
]

describe.runIf(interopFilesExist())("ours and other implementations", () => {
  it("understand each other: we create, ts-mls joins", async () => {
    const outcomes = await meet("ours", "ts-mls")
    expect(outcomes.filter(({ result }) => result === "failed")).toEqual([])
    expect(storiesOf(outcomes, "passed")).toHaveLength(22)
  })

  it("understand each other: ts-mls creates, we join", async () => {
    const outcomes = await meet("ts-mls", "ours")
    expect(outcomes.filter(({ result }) => result === "failed")).toEqual([])
    expect(storiesOf(outcomes, "passed")).toHaveLength(15)
  })

  it("understand each other: we create, OpenMLS joins", async () => {
    const outcomes = await meet("ours", "mls-ts")
    expect(outcomes.filter(({ result }) => result === "failed")).toEqual([])
    expect(storiesOf(outcomes, "passed")).toEqual([
      "application/in_order",
      "application/out_of_order_within_epoch",
      "commit/empty",
      "external_proposals/external_add",
      "welcome_join/no_path_secret",
      "welcome_join/with_path_secret",
      "welcome_join/with_external_tree",
    ])
  })

  it("understand each other: OpenMLS creates, we join", async () => {
    const outcomes = await meet("mls-ts", "ours")
    expect(outcomes.filter(({ result }) => result === "failed")).toEqual([])
    expect(storiesOf(outcomes, "passed")).toEqual(["welcome_join/no_path_secret", "welcome_join/with_external_tree"])
  })
})

describe("a known limit of a peer", () => {
  it("counts only where that peer takes part", () => {
    expect(knownLimit(["ours", "ts-mls"], "bob: external_pub_malformed")).toContain("§12.4.3.2")
    expect(knownLimit(["ours", "ours"], "bob: external_pub_malformed")).toBeUndefined()
    expect(knownLimit(["ours", "ts-mls"], "bob: bad_confirmation_tag")).toBeUndefined()
  })
})

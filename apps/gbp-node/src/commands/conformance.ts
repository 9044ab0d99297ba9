import { CHECKLIST, playOverQuic, playSimulated } from "../checklist/run-checklist.ts"
import type { ChecklistResult } from "../checklist/run-checklist.ts"
import type { Command } from "../command.ts"
import { textOf } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { UsageError } from "../usage-error.ts"

/** One set of checks, and what came of it. */
interface SetReport {
  readonly name: string
  readonly cases: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Why nothing of it was run. */
  readonly why?: string
  readonly items: readonly Omit<ChecklistResult, "over">[]
}

/** What a program without its project does not have. */
const ELSEWHERE = [
  "SFrame vectors (RFC 9605)",
  "MLS vectors (RFC 9420)",
  "CBOR and other encodings",
  "golden messages of gbp/1",
] as const
const WHY = "the data is part of the project: run `npm run conformance` there, which plays this checklist too"
const UINT32_MAX = 0xffff_ffff

/** Plays the checklist of the interoperability profile and says what came of it. */
export const conformance: Command = {
  name: "conformance",
  summary: "play the interoperability checklist in virtual time and over QUIC on the loopback, and report",
  options: [{ flags: "--seed <number>", description: "of the simulated network's delays and losses. Default 1" }],
  examples: ["gbp-node conformance", "gbp-node --json conformance --seed 7"],
  run: async ({ output }, values) => {
    const seed = Number(textOf(values, "seed") ?? "1")
    if (!Number.isInteger(seed) || seed < 0 || seed > UINT32_MAX) {
      throw new UsageError("The seed is a number from 0 to 4294967295.")
    }
    const sets = [
      await setOf("checklist, simulated", async (item) => await playSimulated(item, seed)),
      await setOf("checklist, loopback QUIC", async (item) => await playOverQuic(item, Date.now())),
      ...ELSEWHERE.map((name) => ({ name, cases: 0, passed: 0, failed: 0, skipped: 0, why: WHY, items: [] })),
    ]
    output.result({ sets }, ...sets.flatMap(setLines))
    return sets.some(({ failed }) => failed > 0) ? EXIT_CODES.failed : EXIT_CODES.ok
  },
}

async function setOf(
  name: string,
  play: (item: (typeof CHECKLIST)[number]) => Promise<ChecklistResult>,
): Promise<SetReport> {
  const items: SetReport["items"][number][] = []
  for (const item of CHECKLIST) {
    const { number, title, failure } = await play(item)
    items.push({ number, title, failure })
  }
  const failed = items.filter(({ failure }) => failure !== undefined).length
  return { name, cases: items.length, passed: items.length - failed, failed, skipped: 0, items }
}

function setLines({ name, cases, passed, failed, why, items }: SetReport): string[] {
  if (why !== undefined) return [`${name}: not run: ${why}`]
  return [
    `${name}: ${passed} of ${cases} passed, ${failed} failed`,
    ...items.map(({ number, title, failure }) => `  ${number} ${title}: ${failure ?? "passed"}`),
  ]
}

import { existsSync } from "node:fs"
import { basename } from "node:path"
import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { judge } from "./expect.ts"
import { reportOn, textOf } from "./report.ts"
import { run } from "./run.ts"
import { readScenario, scenarioFiles } from "./scenario.ts"
import type { Outcome, ScenarioFile } from "./scenario.ts"

const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
const FILES = 22
const files = existsSync(vectorsDir) ? scenarioFiles(vectorsDir).map((file) => ({ name: basename(file), file })) : []

/** Scenarios that need what we do not have, each with the first step of the kind. */
const NOT_RUN = new Map([["group-profile-update.v1.json", "update_group_profile"]])

describe("published scenarios", () => {
  it("are all there, or it is said that they were not run", () => {
    if (files.length === 0) console.log(`marmot-scenarios: ${FILES} of ${FILES} cases not run, the file is missing`)
    expect([0, FILES]).toContain(files.length)
  })

  for (const { name, file } of files) {
    it(`hold: ${name}`, () => {
      const report = reportOn(suite0001, readScenario(vectorsDir, file))
      const stoppedAt = report.result === "not_run" ? report.modes[0]?.notRun?.type : undefined
      expect(stoppedAt).toBe(NOT_RUN.get(name))
      if (stoppedAt === undefined) expect(report.result, textOf(report)).toBe("passed")
    })
  }
})

/** The same outcome with another value in one of its fields. */
function spoilt(outcome: Outcome, field: string): Outcome {
  const value = outcome[field]
  if (typeof value === "number") return { ...outcome, [field]: value + 1000 }
  if (typeof value === "boolean") return { ...outcome, [field]: !value }
  return { ...outcome, [field]: Array.isArray(value) ? [...value, "somebody else"] : `${String(value)} else` }
}

function unnoticed(scenario: ScenarioFile): readonly string[] {
  const played = run(suite0001, scenario, "serverless")
  const ofTrace = judge({ ...scenario, trace: spoiltTrace(scenario.trace) }, played, "serverless").failures
  const ofOutcomes = scenario.outcomes.flatMap((outcome) =>
    Object.keys(outcome).flatMap((field) => {
      const { failures } = judge({ ...scenario, outcomes: [spoilt(outcome, field)] }, played, "serverless")
      return failures.length > 0 ? [] : [`${outcome.type}.${field}`]
    }),
  )
  return scenario.trace !== undefined && ofTrace.length === 0 ? [...ofOutcomes, "trace"] : ofOutcomes
}

/** The same trace with another epoch in its last observation. */
function spoiltTrace(trace: ScenarioFile["trace"]): ScenarioFile["trace"] {
  if (trace === undefined) return undefined
  const last = trace.observations.length - 1
  return { ...trace, observations: trace.observations.with(last, { ...trace.observations[last], epoch: 99 }) }
}

describe("what a scenario expects", () => {
  for (const { name, file } of files.filter((one) => !NOT_RUN.has(one.name))) {
    it(`is held against what was seen, field by field: ${name}`, () => {
      expect(unnoticed(readScenario(vectorsDir, file))).toEqual([])
    })
  }
})

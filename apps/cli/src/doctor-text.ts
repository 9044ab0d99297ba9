import type { Diagnosis, Finding, Repair, Urgency } from "@qpc/sdk"
import { printableLine } from "./output.ts"
import { hex } from "./text.ts"

/** What a group is called, by its id in hexadecimal; a group that cannot be read has no name. */
export type GroupNames = ReadonlyMap<string, string>

const MARKS: Readonly<Record<Urgency, string>> = { fine: "ok", note: "note", waits: "waits", stuck: "STUCK" }

const REPAIRS: Readonly<Record<Repair, string>> = {
  synchronise: "qpc doctor --repair",
  give_up_pending: "qpc doctor --repair --yes",
  forget_damaged: "qpc doctor --repair --yes",
}

/** A diagnosis as a table: one line for each finding, and below it what to do where something is stuck or waits. */
export function diagnosisText({ findings }: Diagnosis, names: GroupNames): readonly string[] {
  const rows = findings.map((one) => ({ one, subject: subjectText(one, names) }))
  const subjectWidth = Math.max(...rows.map(({ subject }) => subject.length))
  const stateWidth = Math.max(...findings.map(({ state }) => state.length))
  return rows.flatMap(({ one, subject }) => {
    const { state, urgency, meaning } = one
    const line = `${subject.padEnd(subjectWidth)}  ${MARKS[urgency].padEnd(5)}  ${state.padEnd(stateWidth)}  ${meaning}${factsText(one)}`
    return urgency === "fine" ? [line] : [line, `  → ${one.nextStep}`]
  })
}

/** The same for programs. */
export function diagnosisJson({ findings, isHealthy }: Diagnosis): Record<string, unknown> {
  return {
    healthy: isHealthy,
    findings: findings.map(({ groupId, repair, ...rest }) => ({
      ...rest,
      ...(groupId && { groupId: hex(groupId) }),
      ...(repair && { repair: REPAIRS[repair] }),
    })),
  }
}

/** What a finding is about, for people. */
export function subjectText({ groupId }: Pick<Finding, "groupId">, names: GroupNames): string {
  if (groupId === undefined) return "profile"
  const id = hex(groupId)
  return printableLine(names.get(id) ?? `group ${id.slice(0, 8)}`)
}

function factsText({ facts }: Finding): string {
  const parts = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`
}

/**
 * `npm run scenarios`: plays the scenario files of another implementation with real members. Exit code 0 if none failed and at least
 * one passed, 1 otherwise.
 */
import { existsSync } from "node:fs"
import { basename } from "node:path"
import { suite0001 } from "@qpc/crypto/node"
import { flagsOf, refuse } from "../command-line.ts"
import { reportOn, tableOf, textOf } from "./report.ts"
import { readScenario, scenarioFiles } from "./scenario.ts"

const values = flagsOf({
  command: "scenarios",
  purpose: "Plays scenarios of forks, races and restarts with real members, without a delivery service and with one.",
  flags: {
    file: { type: "string", multiple: true, says: "only files whose name begins so; may be given more than once" },
    json: { type: "boolean", default: false, says: "print what became of each file as JSON" },
    table: { type: "boolean", default: false, says: "print the list for docs/testing.md" },
  },
})
const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
if (!existsSync(vectorsDir)) refuse(`No test vectors at ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)

const wanted = values.file ?? [""]
const files = scenarioFiles(vectorsDir).filter((file) => wanted.some((name) => basename(file).startsWith(name)))
if (files.length === 0) refuse("No scenario has a name that begins so.")

const reports = files.map((file) => reportOn(suite0001, readScenario(vectorsDir, file)))
if (values.json) console.log(JSON.stringify(reports, undefined, 2))
else if (values.table) console.log(tableOf(reports))
else for (const report of reports) console.log(textOf(report))

const count = (result: string): number => reports.filter((report) => report.result === result).length
if (!values.json && !values.table) {
  console.log(
    `\n${reports.length} files: ${count("passed")} passed, ${count("failed")} failed, ${count("not_run")} not run`,
  )
}
process.exitCode = count("failed") > 0 || count("passed") === 0 ? 1 : 0

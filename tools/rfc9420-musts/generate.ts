/** `node tools/rfc9420-musts/generate.ts`: writes docs/mls/rfc9420-musts.md, unless a test that it names does not exist. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { missingTitles, renderTable, TABLE } from "./table.ts"

const missing = missingTitles()
if (missing.length > 0) {
  process.stderr.write(`no such test:\n${missing.join("\n")}\n`)
  process.exitCode = 1
} else {
  mkdirSync(dirname(TABLE), { recursive: true })
  writeFileSync(TABLE, renderTable())
}

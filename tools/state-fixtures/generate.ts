/**
 * Writes stored states of every kind, which all later formats have to read: `npm run` has no script for it, because it runs
 * once, when a format is new. What it wrote is never written again.
 *
 *     node --conditions=@qpc/source tools/state-fixtures/generate.ts 2
 */
import { suite0001, suite0007 } from "@qpc/crypto/node"
import { mkdirSync, writeFileSync } from "node:fs"
import { memberHistories } from "../../protocol/group/src/testing/member-histories.ts"
import { stateHistories } from "../../protocol/mls/src/testing/state-histories.ts"

const version = Number(process.argv[2])
if (!Number.isSafeInteger(version) || version < 1) throw new RangeError("name the version of the format")

function write(folder: string, name: string, content: unknown): void {
  const path = new URL(`../../protocol/${folder}-v${version}/`, import.meta.url)
  mkdirSync(path, { recursive: true })
  writeFileSync(new URL(`${name}.json`, path), `${JSON.stringify(content, undefined, 1)}\n`, { flag: "wx" })
}

for (const [name, suite] of Object.entries({ suite0001, suite0007 })) {
  write("mls/src/testing/fixtures/state", name, stateHistories(suite))
}
write("group/src/testing/fixtures/member", "suite0001", memberHistories(suite0001))

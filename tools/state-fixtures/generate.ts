/**
 * Writes stored states of every kind, which all later formats have to read. It runs once, when a format is new; what it wrote
 * is never written again. Name the kind and the version, and format what comes out:
 *
 *     node --conditions=@qpc/source tools/state-fixtures/generate.ts state 3
 *     node --conditions=@qpc/source tools/state-fixtures/generate.ts member 3
 */
import { suite0001, suite0003, suite0007 } from "@qpc/crypto/node"
import { mkdirSync, writeFileSync } from "node:fs"
import { memberHistories } from "../../protocol/group/src/testing/member-histories.ts"
import { stateHistories } from "../../protocol/mls/src/testing/state-histories.ts"

const [kind, version] = [process.argv[2], Number(process.argv[3])]
if (!Number.isSafeInteger(version) || version < 1) throw new RangeError("name the version of the format")

function write(folder: string, name: string, content: unknown): void {
  const path = new URL(`../../protocol/${folder}-v${version}/`, import.meta.url)
  mkdirSync(path, { recursive: true })
  writeFileSync(new URL(`${name}.json`, path), `${JSON.stringify(content, undefined, 2)}\n`, { flag: "wx" })
}

if (kind === "state") {
  for (const [name, suite] of Object.entries({ suite0001, suite0007 })) {
    write("mls/src/testing/fixtures/state", name, stateHistories(suite))
  }
} else if (kind === "member") {
  write("group/src/testing/fixtures/member", "suite0001", memberHistories(suite0001, suite0003))
} else {
  throw new RangeError("name the kind of state: state or member")
}

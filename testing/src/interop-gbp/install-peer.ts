/**
 * `npm run interop:gbp:peer`: fetches the published stack at its pinned commit and builds our driver for it, into ignored folders below
 * `testing/peers/gbp-stack`. Nothing of theirs comes into this repository.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { flagsOf, refuse } from "../command-line.ts"
import { publishedSource } from "./published-source.ts"

const values = flagsOf({
  command: "interop:gbp:peer",
  purpose: "Fetches the published Group Protocol Stack and builds the driver for it. Needs git and cargo.",
  flags: { source: { type: "string", says: "a clone to take it from instead of the network" } },
})
for (const tool of ["git", "cargo"]) {
  if (spawnSync(tool, ["--version"]).error !== undefined) refuse(`There is no ${tool}: install it and run this again.`)
}

const driver = fileURLToPath(new URL("../../peers/gbp-stack/", import.meta.url))
const published = `${driver}published`
const { repository, commit } = publishedSource()
const source = values.source === undefined ? repository : resolve(values.source)

rmSync(published, { recursive: true, force: true })
mkdirSync(published)
runIn(published, "git", ["init", "--quiet"])
runIn(published, "git", ["fetch", "--quiet", "--depth", "1", source, commit])
runIn(published, "git", ["checkout", "--quiet", "--detach", commit])
runIn(driver, "cargo", ["build", "--release", "--locked"])

function runIn(cwd: string, command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" })
  if (status !== 0) refuse(`${command} ${args.join(" ")} failed in ${cwd}`)
}

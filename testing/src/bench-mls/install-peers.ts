/**
 * `npm run bench:mls:peers`: installs and builds the peers of `npm run bench:mls` that do not come with the workspace, into
 * ignored folders below `testing/peers`. What cannot be built here is said, and then not measured.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const peers = fileURLToPath(new URL("../../peers/", import.meta.url))

runIn(peers, "npm", ["ci", "--no-audit", "--no-fund"])
if (spawnSync("cargo", ["--version"]).error === undefined) {
  runIn(`${peers}openmls`, "cargo", ["build", "--release", "--locked"])
} else {
  console.error("There is no cargo, so OpenMLS will not be measured natively.")
}

function runIn(cwd: string, command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed in ${cwd}`)
}

/**
 * `npm run interop -- [--json] [--progress] [--stacks ours,ours,ours] [--instances N] [--suite N]… [--script NAME]…
 * [--handshake private|public]`: plays the scripts of the MLS working group with several servers.
 *
 * Without `--stacks`, several instances of ours play among themselves. Exit code 0 when nothing failed, 1 when something
 * did, 2 when the scripts are not there or an option is not one.
 */
import { parseArgs } from "node:util"
import { startInstance } from "./instances.ts"
import { introduce, playAll } from "./matrix.ts"
import type { Outcome } from "./matrix.ts"
import { interopFilesExist, vectorsDir } from "./proto.ts"
import { report } from "./report.ts"
import { loadScripts } from "./script.ts"
import { STACK_NAMES } from "./stacks.ts"
import type { StackName } from "./stacks.ts"

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    progress: { type: "boolean", default: false },
    instances: { type: "string", default: "3" },
    stacks: { type: "string" },
    suite: { type: "string", multiple: true },
    script: { type: "string", multiple: true },
    handshake: { type: "string", multiple: true },
  },
})
if (!interopFilesExist()) fail(`No interop scripts in ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)
const names = values.stacks?.split(",") ?? Array.from({ length: Number(values.instances) }, () => "ours")
const stacks = names.map((name): StackName => STACK_NAMES.find((known) => known === name) ?? fail(`no stack ${name}`))
if (stacks.length === 0 || stacks.length > 16) fail("from 1 to 16 instances can play")
const handshakes = values.handshake?.map((name): Outcome["handshake"] =>
  name === "private" || name === "public" ? name : fail(`no handshake mode ${name}`),
)
const scripts = loadScripts().filter(({ name }) => values.script?.some((part) => name.includes(part)) ?? true)
if (scripts.length === 0) fail("no script has such a name")

const instances = await Promise.all(stacks.map(async (stack) => await startInstance(stack)))
try {
  const participants = await Promise.all(
    instances.map(async ({ stack, remote }) => await introduce(stack, remote.calls)),
  )
  const only = {
    ...(values.suite && { cipherSuites: values.suite.map(Number) }),
    ...(handshakes && { handshakes }),
  }
  const outcomes: Outcome[] = []
  for await (const outcome of playAll(scripts, participants, only)) {
    outcomes.push(outcome)
    if (values.progress) console.error(progressOf(outcome))
    if (outcome.result === "failed") console.error(`${outcome.script} failed: ${outcome.because}`)
  }
  console.log(values.json ? JSON.stringify({ stacks, outcomes }, undefined, 2) : report(outcomes))
  process.exitCode = outcomes.some(({ result }) => result === "failed") ? 1 : 0
} finally {
  await Promise.all(instances.map(async (instance) => await instance.stop()))
}

function progressOf({ script, cipherSuite, handshake, result, milliseconds }: Outcome): string {
  return `suite ${cipherSuite}, ${handshake}: ${script} ${result} in ${milliseconds} ms`
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

/** `npm run interop`: the scripts of the MLS working group. Exit code 0 when nothing failed, 1 when something did. */
import { flagsOf, refuse } from "../command-line.ts"
import { startInstance } from "./instances.ts"
import { introduce, playAll } from "./matrix.ts"
import type { Outcome } from "./matrix.ts"
import { interopFilesExist, vectorsDir } from "./proto.ts"
import { report } from "./report.ts"
import { loadScripts } from "./script.ts"
import { STACK_NAMES } from "./stacks.ts"
import type { StackName } from "./stacks.ts"

const values = flagsOf({
  command: "interop",
  purpose: 'Plays the scripts of the MLS working group with several servers. Flags for "only" may be repeated.',
  flags: {
    json: { type: "boolean", default: false, says: "print every outcome as JSON" },
    progress: { type: "boolean", default: false, says: "name each script as it ends" },
    instances: { type: "string", default: "3", says: "how many of ours play" },
    stacks: { type: "string", says: `who plays instead, such as ours,ts-mls: ${STACK_NAMES.join(", ")}` },
    suite: { type: "string", multiple: true, says: "only this cipher suite" },
    script: { type: "string", multiple: true, says: "only scripts with this in their name" },
    handshake: { type: "string", multiple: true, says: "only with this form of handshake messages: private, public" },
  },
})
if (!interopFilesExist()) refuse(`No interop scripts in ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)
const names = values.stacks?.split(",") ?? Array.from({ length: Number(values.instances) }, () => "ours")
const stacks = names.map((name): StackName => STACK_NAMES.find((known) => known === name) ?? refuse(`no stack ${name}`))
if (stacks.length === 0 || stacks.length > 16) refuse("from 1 to 16 instances can play")
const handshakes = values.handshake?.map((name): Outcome["handshake"] =>
  name === "private" || name === "public" ? name : refuse(`no handshake mode ${name}`),
)
const scripts = loadScripts().filter(({ name }) => values.script?.some((part) => name.includes(part)) ?? true)
if (scripts.length === 0) refuse("no script has such a name")

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

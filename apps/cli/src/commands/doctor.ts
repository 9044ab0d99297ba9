import { diagnoseStoreError, findDamage, forgetDamaged } from "@qpc/sdk"
import type { Client, Diagnosis, Store } from "@qpc/sdk"
import { nodeClientParts, openSqliteStore } from "@qpc/sdk/node"
import type { Command, CommandContext } from "../command.ts"
import { diagnosisJson, diagnosisText } from "../doctor-text.ts"
import type { GroupNames } from "../doctor-text.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { assertProfile, openOptions, wakeClient } from "../open.ts"
import { hex } from "../text.ts"
import { UsageError } from "../usage-error.ts"
import { waitOption } from "../wait-option.ts"

/** What was asked of the doctor. */
interface Request {
  readonly isRepair: boolean
  readonly mayLose: boolean
  readonly waitMs?: number
}

/** Looks for what is stuck, and repairs it. */
export const doctor: Command = {
  name: "doctor",
  summary: "look for what is stuck, say what to do, and repair what can be repaired",
  arguments: [],
  options: [
    { flags: "--repair", description: "connect and repair what can be repaired without losing anything" },
    {
      flags: "--yes",
      description: "with --repair: also what cannot be taken back; doctor says of each state what is lost",
    },
    { flags: "--wait <seconds>", description: "with --repair: how long to wait for the server (default 30)" },
  ],
  examples: ["qpc doctor", "qpc doctor --repair", "qpc --json doctor"],
  async run(context, values) {
    const request = { isRepair: values.flag("repair"), mayLose: values.flag("yes"), ...waitOption(values) }
    if (request.mayLose && !request.isRepair) {
      throw new UsageError("--yes allows a repair, and none was asked for.", "Add --repair.")
    }
    assertProfile(context)
    await examine(context, request)
  },
}

async function examine(context: CommandContext, request: Request): Promise<void> {
  const options = await openOptions(context)
  let store: Store
  try {
    store = await openSqliteStore(options)
  } catch (error) {
    return report(context, diagnoseStoreError(error))
  }
  const damage = await lookForDamage(context, store, request)
  if (damage.findings.length > 0) {
    await store.close()
    return report(context, damage)
  }
  await using client = await wakeClient(options, store)
  await examineClient(context, client, request)
}

/** What is damaged; after a repair that was allowed to delete it, what is still damaged. */
async function lookForDamage({ output }: CommandContext, store: Store, request: Request): Promise<Diagnosis> {
  const parts = nodeClientParts()
  try {
    const found = await findDamage(store, parts)
    if (found.findings.length === 0 || !request.isRepair || !request.mayLose) return found
    const forgotten = await forgetDamaged(store, parts)
    for (const { state, facts, groupId } of forgotten.findings) {
      const what = groupId === undefined ? `a record of ${facts["collection"]}` : `the keys of group ${hex(groupId)}`
      if (state !== "identity_damaged") output.note(`Deleted ${what}.`)
    }
    return await findDamage(store, parts)
  } finally {
    await parts.opaque[Symbol.asyncDispose]()
  }
}

async function examineClient(context: CommandContext, client: Client, request: Request): Promise<void> {
  const { isRepair, ...options } = request
  if (!isRepair) return report(context, await client.diagnose(), namesOf(client))
  const { before, after } = await client.repair({ ...options, signal: context.signal })
  const mended = before.findings.filter(
    ({ urgency, state, groupId }) =>
      (urgency === "stuck" || urgency === "waits") &&
      !after.findings.some((one) => one.state === state && hex(one.groupId ?? NONE) === hex(groupId ?? NONE)),
  )
  const names = namesOf(client)
  for (const { state, groupId } of mended) {
    context.output.note(`Mended: ${state}${groupId === undefined ? "" : ` of ${names.get(hex(groupId))}`}.`)
  }
  report(context, after, names)
}

const NONE = new Uint8Array(0)

function namesOf(client: Client): GroupNames {
  return new Map(client.conversations().map(({ id, name }) => [hex(id), name]))
}

/** Says what was found; the exit code says whether somebody has to act. */
function report(context: CommandContext, diagnosis: Diagnosis, names: GroupNames = new Map()): void {
  context.output.result(diagnosisJson(diagnosis), ...diagnosisText(diagnosis, names))
  if (!diagnosis.isHealthy) process.exitCode = EXIT_CODES.failed
}

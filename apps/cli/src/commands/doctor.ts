import { diagnoseStoreError, findDamage, forgetDamaged, keepsShut, withFindings } from "@qpc/sdk"
import type { Client, Diagnosis, Store } from "@qpc/sdk"
import { nodeClientParts, openSqliteStore } from "@qpc/sdk/node"
import type { Command, CommandContext } from "../command.ts"
import { diagnosisJson, diagnosisText, subjectText } from "../doctor-text.ts"
import type { GroupNames } from "../doctor-text.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { assertProfile, openOptions, wakeClient } from "../open.ts"
import { hex } from "../text.ts"
import { readableGroup } from "../readable-group.ts"
import { UsageError } from "../usage-error.ts"
import { waitOption } from "../wait-option.ts"
import { assertNoFile, capsuleNote, writeCapsule } from "../write-capsule.ts"

/** What was asked of the doctor. */
interface Request {
  readonly isRepair: boolean
  readonly mayLose: boolean
  /** The name or id of the only group in which something may be lost. */
  readonly group?: string
  readonly waitMs?: number
  /** Where what was found is written for others to replay. */
  readonly capsule?: string
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
    {
      flags: "--group <group>",
      description:
        "with --repair: repair what was given up in this group alone; with --yes also go into it on the word of one member",
    },
    { flags: "--wait <seconds>", description: "with --repair: how long to wait for the server (default 30)" },
    {
      flags: "--capsule <file>",
      description: "also write a new file for developers: states and rough numbers, nothing that tells who you are",
    },
  ],
  examples: ["qpc doctor", "qpc doctor --repair", "qpc --json doctor", "qpc doctor --capsule stuck.json"],
  async run(context, values) {
    const capsule = values.optionalText("capsule")
    const group = values.optionalText("group")
    const wanted = { isRepair: values.flag("repair"), mayLose: values.flag("yes"), ...waitOption(values) }
    const request: Request = {
      ...wanted,
      ...(capsule !== undefined && { capsule }),
      ...(group !== undefined && { group }),
    }
    if (request.mayLose && !request.isRepair) {
      throw new UsageError("--yes allows a repair, and none was asked for.", "Add --repair.")
    }
    if (group !== undefined && !request.isRepair) {
      throw new UsageError("--group names what is to be repaired, and no repair was asked for.", "Add --repair.")
    }
    assertProfile(context)
    assertNoFile(capsule)
    await examine(context, request)
  },
}

async function examine(context: CommandContext, request: Request): Promise<void> {
  const options = await openOptions(context)
  let store: Store
  try {
    store = await openSqliteStore(options)
  } catch (error) {
    return report(context, request, diagnoseStoreError(error))
  }
  const damage = await lookForDamage(context, store, request)
  if (damage.findings.some(keepsShut)) {
    await store.close()
    return report(context, request, damage)
  }
  await using client = await wakeClient(options, store)
  const diagnosis = await examineClient(context, client, request)
  // What is damaged of single groups the client says too.
  const beside = damage.findings.filter(({ groupId }) => groupId === undefined)
  report(context, request, withFindings(diagnosis, beside), namesOf(client))
}

/**
 * What is damaged; after a repair that was allowed to delete records which all groups share, what is still damaged. Where only groups are, or
 * one alone is to be repaired, the client does it.
 */
async function lookForDamage({ output }: CommandContext, store: Store, request: Request): Promise<Diagnosis> {
  const parts = nodeClientParts()
  try {
    const found = await findDamage(store, parts)
    const isOfAll = found.findings.some(({ groupId }) => groupId === undefined)
    if (!isOfAll || !request.isRepair || !request.mayLose || request.group !== undefined) return found
    const forgotten = await forgetDamaged(store, parts)
    for (const { state, facts, groupId } of forgotten.findings) {
      if (state === "record_damaged") output.note(`Deleted a record of ${facts["collection"]}.`)
      if (state === "group_damaged") output.note(`Deleted the keys of group ${hex(groupId ?? NONE)}.`)
    }
    return await findDamage(store, parts)
  } finally {
    await parts.opaque[Symbol.asyncDispose]()
  }
}

/** Looks, or repairs and says what was mended. */
async function examineClient(context: CommandContext, client: Client, request: Request): Promise<Diagnosis> {
  const { isRepair, mayLose, waitMs, group } = request
  if (!isRepair) return client.diagnose()
  const only = group === undefined ? {} : { groupId: readableGroup(client, group).id }
  const options = { mayLose, ...only, ...(waitMs !== undefined && { waitMs }) }
  const { before, after } = await client.repair({ ...options, signal: context.signal })
  const mended = before.findings.filter(
    ({ urgency, state, groupId }) =>
      (urgency === "stuck" || urgency === "waits") &&
      !after.findings.some((one) => one.state === state && hex(one.groupId ?? NONE) === hex(groupId ?? NONE)),
  )
  const names = namesOf(client)
  for (const { state, groupId } of mended) {
    context.output.note(`Mended: ${state}${groupId === undefined ? "" : ` of ${subjectText({ groupId }, names)}`}.`)
  }
  return after
}

const NONE = new Uint8Array(0)

function namesOf(client: Client): GroupNames {
  return new Map(client.conversations().map(({ id, name }) => [hex(id), name]))
}

/** Says what was found; the exit code says whether somebody has to act. */
function report(
  { output }: CommandContext,
  { capsule }: Request,
  diagnosis: Diagnosis,
  names: GroupNames = new Map(),
): void {
  if (capsule !== undefined) writeCapsule(capsule, diagnosis)
  const json = { ...diagnosisJson(diagnosis), ...(capsule !== undefined && { capsule }) }
  output.result(json, ...diagnosisText(diagnosis, names))
  if (capsule !== undefined) output.note(capsuleNote(capsule))
  if (!diagnosis.isHealthy) process.exitCode = EXIT_CODES.failed
}

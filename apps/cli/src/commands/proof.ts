import { readFileSync, writeFileSync } from "node:fs"
import type { Client, ServerLie, ServerProof } from "@qpc/sdk"
import { checkProofFile } from "@qpc/sdk/node"
import type { Command, CommandContext, CommandValues } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { namedFile } from "../named-file.ts"
import { openProfile } from "../open.ts"
import { printableLine } from "../output.ts"
import { hex } from "../text.ts"
import { UsageError } from "../usage-error.ts"

const SERVER_KEY = /^[0-9a-f]{64}$/i
/** A proof has two heads of 120 bytes; whatever is much longer is none. */
const PROOF_MAX_BYTES = 4096

/** Proofs that the server showed two histories of a group. */
export const proof: Command = {
  name: "proof",
  summary: "list, export or verify proofs that the server lied about a group's history, or continue in spite of them",
  arguments: [
    { name: "action", description: "list, export, verify or continue" },
    { name: "file", description: "where to export to, or what to verify", isOptional: true },
  ],
  options: [
    { flags: "--group <group>", description: "export the proof of this group (default: the first one there is)" },
    {
      flags: "--server-key <hex>",
      description: "verify against this delivery key; ask the operator, or qpc proof list",
    },
  ],
  examples: [
    "qpc proof list",
    "qpc proof export lie.proof",
    "qpc proof verify lie.proof --server-key 64-hexadecimal-digits",
    "qpc proof continue",
  ],
  async run(context, values) {
    const action = values.text("action")
    if (action === "list") return listProofs(context)
    if (action === "export") return exportProof(context, values)
    if (action === "verify") return verifyProof(context, values)
    if (action === "continue") return continueInSpite(context)
    throw new UsageError(`There is no action ${printableLine(action)}.`, "Use list, export, verify or continue.")
  },
}

async function listProofs(context: CommandContext): Promise<void> {
  await using opened = await openProfile(context)
  const { client } = opened
  const proofs = client.proofs()
  const key = client.serverKey
  context.output.result(
    { serverKey: key && hex(key), proofs: proofs.map((one) => ({ ...lieJson(one), isHalting: one.isHalting })) },
    key === undefined ? "The server has not told its delivery key yet." : `The server's delivery key is ${hex(key)}.`,
    ...(proofs.length === 0 ? ["Nothing proves that it lied."] : proofs.flatMap(lieLines)),
    ...(proofs.some(({ isHalting }) => isHalting)
      ? ["No group can be changed over this server until you say so: qpc proof continue."]
      : []),
  )
}

async function exportProof(context: CommandContext, values: CommandValues): Promise<void> {
  const file = fileOf(values)
  await using opened = await openProfile(context)
  const { client } = opened
  const found = findProof(client, values.optionalText("group"))
  if (found === undefined) {
    throw new UsageError(
      "There is no such proof: as far as this profile knows, the server has not lied.",
      undefined,
      "notFound",
    )
  }
  namedFile(file, () => writeFileSync(file, found.bytes, { flag: "wx" }))
  const key = hex(client.serverKey!)
  context.output.result(
    { file, serverKey: key, ...lieJson(found) },
    `The proof is in ${file}. Whoever has it can check it: qpc proof verify ${file} --server-key ${key}`,
  )
}

function findProof(client: Client, group: string | undefined): ServerProof | undefined {
  const proofs = client.proofs()
  if (group === undefined) return proofs[0]
  const id = hex(client.conversation(group).id)
  return proofs.find(({ groupId }) => hex(groupId) === id)
}

/** Needs no profile: whoever got the file has perhaps never seen the group. */
async function verifyProof(context: CommandContext, values: CommandValues): Promise<void> {
  const file = fileOf(values)
  const key = values.optionalText("serverKey")
  if (key === undefined || !SERVER_KEY.test(key)) {
    throw new UsageError("A delivery key has 64 hexadecimal digits.", "Add --server-key, with what the operator says.")
  }
  const bytes = namedFile(file, () => readFileSync(file))
  const isShort = bytes.length <= PROOF_MAX_BYTES
  const lie = isShort ? checkProofFile(Buffer.from(key, "hex"), new Uint8Array(bytes)) : undefined
  if (lie === undefined) process.exitCode = EXIT_CODES.failed
  context.output.result(
    { isProven: lie !== undefined, serverKey: key, ...(lie && lieJson(lie)) },
    ...(lie === undefined
      ? [`Nothing is proven: ${file} holds no two histories that the key ${key} has signed.`]
      : [`It is proven: the server with the delivery key ${key} showed two histories.`, ...lieLines(lie)]),
  )
}

async function continueInSpite(context: CommandContext): Promise<void> {
  await using opened = await openProfile(context)
  const { client } = opened
  const halting = client.proofs().filter(({ isHalting }) => isHalting)
  await client.goOn()
  context.output.result(
    { continued: halting.length },
    halting.length === 0 ? "Nothing was halted." : "Groups can be changed over this server again. The proofs stay.",
  )
}

/** What the two histories are of. The hashes stand for everything before them, so that members can compare them. */
function lieLines({ groupId, epoch, hashes }: ServerLie): string[] {
  return [
    `It signed two histories of the group ${hex(groupId)} up to epoch ${epoch}:`,
    ...hashes.map((hash) => `  ${hex(hash)}`),
  ]
}

function lieJson({ groupId, epoch, hashes }: ServerLie): Record<string, unknown> {
  return { groupId: hex(groupId), epoch: String(epoch), hashes: hashes.map(hex) }
}

function fileOf(values: CommandValues): string {
  const file = values.optionalText("file")
  if (file === undefined) throw new UsageError("No file is named.", "Name it behind the action.")
  return file
}

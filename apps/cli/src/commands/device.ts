import { type Client, ClientError } from "@qpc/sdk"
import type { Command, CommandContext } from "../command.ts"
import { reportSync } from "../delivery.ts"
import { createProfile, openProfile } from "../open.ts"
import { hex } from "../text.ts"
import { UsageError } from "../usage-error.ts"

/** More devices of one person. */
export const device: Command = {
  name: "device",
  summary: "link another device of yours, list your devices, or take one back",
  arguments: [
    { name: "action", description: "link (on the new device), approve, list or remove (on your first device)" },
    {
      name: "what",
      description: "link: your username; approve: the request; remove: the device's id",
      isOptional: true,
    },
  ],
  options: [],
  examples: [
    "qpc --server ADDRESS device link alice",
    "qpc device approve 5d3f…",
    "qpc device list",
    "qpc device remove 5d3f0a11",
  ],
  async run(context, values) {
    const what = values.optionalText("what")
    switch (values.text("action")) {
      case "link":
        return link(context, named(what, "your username"))
      case "approve":
        return approve(context, named(what, "the request that the new device shows"))
      case "list":
        return list(context)
      case "remove":
        return remove(context, named(what, "the beginning of the device's id"))
      default:
        throw new UsageError("A device can be linked, approved, listed or removed.", "See: qpc help device")
    }
  },
}

function named(what: string | undefined, name: string): string {
  if (what !== undefined) return what
  throw new UsageError(`Add ${name}.`, "See: qpc help device")
}

/** The same command twice: first it shows a request, and once that was approved it logs in. */
async function link(context: CommandContext, username: string): Promise<void> {
  await using client = await createProfile(context)
  const request = await client.requestLink(username)
  if (!(await isApproved(context, client, username))) {
    return context.output.result(
      { username, request, isApproved: false },
      `On your first device: qpc device approve ${request}`,
      "Then run this command again.",
    )
  }
  await client.sync({ signal: context.signal })
  const identityKey = hex(client.whoami()!.identityKey)
  context.output.result(
    { username, identityKey, isApproved: true },
    `This is a device of ${username} now. It joins each group when your first device is online.`,
    `Identity key: ${identityKey}`,
    "Compare it with qpc whoami on your first device: if they differ, somebody else approved this one.",
  )
}

async function isApproved(context: CommandContext, client: Client, username: string): Promise<boolean> {
  try {
    await client.login(username, await context.password())
    return true
  } catch (error) {
    if (error instanceof ClientError && error.code === "device_not_approved") return false
    throw error
  }
}

async function approve(context: CommandContext, request: string): Promise<void> {
  await using opened = await openProfile(context)
  const { client, identity } = opened
  reportSync(context.output, client, await client.sync({ signal: context.signal }))
  const deviceKey = hex(await client.approveDevice(request))
  context.output.result(
    { deviceKey },
    `Approved ${deviceKey.slice(0, 16)}: it reads what you read as soon as it has joined your groups.`,
    `Run the same command on the new device again, and compare the identity key that it shows: ${hex(identity.identityKey)}`,
    "Then run qpc receive here once, so that it is brought into your groups.",
  )
}

async function list(context: CommandContext): Promise<void> {
  await using opened = await openProfile(context)
  const { client, identity } = opened
  await client.sync({ signal: context.signal })
  const devices = await client.devices()
  const shown = devices.map(({ deviceKey, registeredAtMs, isRevoked }) => {
    return { deviceKey: hex(deviceKey), registeredAtMs, isRevoked }
  })
  context.output.result(
    { identityKey: hex(identity.identityKey), devices: shown },
    `${hex(identity.identityKey).slice(0, 16)}  your first device`,
    ...shown.map(({ deviceKey, registeredAtMs, isRevoked }) => {
      const since = new Date(registeredAtMs).toLocaleDateString()
      return `${deviceKey.slice(0, 16)}  since ${since}${isRevoked ? ", removed" : ""}`
    }),
  )
}

async function remove(context: CommandContext, idStart: string): Promise<void> {
  await using opened = await openProfile(context)
  const { client } = opened
  reportSync(context.output, client, await client.sync({ signal: context.signal }))
  const deviceKey = hex(await client.removeDevice(idStart))
  const report = await client.sync({ signal: context.signal })
  reportSync(context.output, client, report)
  context.output.result(
    { deviceKey, pending: report.pending },
    `${deviceKey.slice(0, 16)} is no device of yours any more. What it has read stays on it.`,
  )
}

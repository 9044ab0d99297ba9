import type { Conversation, Sent } from "@qpc/sdk"
import type { CommandContext, CommandValues } from "./command.ts"
import { reportSync, waitUntilAccepted } from "./delivery.ts"
import { openProfile } from "./open.ts"
import { hex } from "./text.ts"

/** The argument that names a group. */
export const GROUP = { name: "group", description: "a group's name, or the beginning of its id" } as const
/** The argument that names a person. */
export const USERNAME = { name: "username", description: "who, by user name" } as const
/** The sdk's own limit of a group's name, in UTF-16 units. */
export const NAME_LIMIT = 256

/** What a change of a group is, and how to tell of it once it was made. */
export interface GroupChange {
  readonly sent: Sent
  readonly result: Readonly<Record<string, unknown>>
  readonly line: () => string
}

/** Catches up first, so that the change is made in the group as it is now, and waits until this member has made it. */
export async function changeGroup(
  context: CommandContext,
  values: CommandValues,
  change: (group: Conversation) => Promise<GroupChange>,
): Promise<void> {
  await using opened = await openProfile(context)
  const { client } = opened
  reportSync(context.output, client, await client.sync({ signal: context.signal }))
  const group = client.conversation(values.text("group"))
  const { sent, result, line } = await change(group)
  await waitUntilAccepted(context, client, group, sent)
  context.output.result({ groupId: hex(group.id), ...result, epoch: Number(group.epoch) }, line())
}

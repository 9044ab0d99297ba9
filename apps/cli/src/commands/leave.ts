import { ClientError, type Conversation } from "@qpc/sdk"
import { GROUP } from "../change-group.ts"
import type { Command, CommandContext } from "../command.ts"
import { reportSync } from "../delivery.ts"
import { openProfile } from "../open.ts"
import { groupText, hex } from "../text.ts"

/** How long a person waits for somebody to let them go. */
const LET_GO_WAIT_MS = 10_000

/** Leaves a group. */
export const leave: Command = {
  name: "leave",
  summary: "leave a group; another member who is online carries it out",
  arguments: [
    GROUP,
    { name: "successor", description: "who becomes an admin; the last admin has to name somebody", isOptional: true },
  ],
  options: [],
  examples: ["qpc leave friends", "qpc leave friends bob"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const { client } = opened
    reportSync(context.output, client, await client.sync({ signal: context.signal }))
    const group = client.conversation(values.text("group"))
    const sent = group.isLeaving ? undefined : await group.leave(values.optionalText("successor"))
    await client.sync({ signal: context.signal, waitMs: LET_GO_WAIT_MS, until: () => !group.isMember })
    if (sent !== undefined) await endOf(context, group, sent.id)
    context.output.result(
      { groupId: hex(group.id), left: !group.isMember },
      group.isMember
        ? `You asked to leave ${groupText(group)}. It is done as soon as another member is online; until then you can write nothing there.`
        : `You left ${groupText(group)}.`,
    )
  },
}

/** What came of it so far: still waiting is no failure. @throws ClientError if it will never be done */
async function endOf(context: CommandContext, group: Conversation, id: string): Promise<void> {
  try {
    await group.waitAccepted(id, { timeoutMs: 0, signal: context.signal })
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== "timeout") throw error
  }
}

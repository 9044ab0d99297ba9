import { type Client, ClientError, type Conversation, type Sent, type SyncReport } from "@qpc/sdk"
import type { CommandContext } from "./command.ts"
import { gapText } from "./gap-text.ts"
import { noticeText } from "./notice-text.ts"
import type { Output } from "./output.ts"
import { countText, groupText, hex } from "./text.ts"

/** How long a one-shot command tries to reach the server before it leaves the message in the outbox. */
const DELIVERY_WAIT_MS = 10_000

/**
 * Waits until the server has what was sent. If it cannot be reached, the message stays in the outbox and the error says
 * so: nothing has to be typed again.
 *
 * @throws ClientError
 */
export async function waitUntilAccepted(
  context: CommandContext,
  client: Client,
  group: Conversation,
  sent: Sent,
): Promise<void> {
  try {
    await client.sync({ waitMs: DELIVERY_WAIT_MS, signal: context.signal })
    await group.waitAccepted(sent.id, { timeoutMs: DELIVERY_WAIT_MS, signal: context.signal })
  } catch (error) {
    if (!(error instanceof ClientError) || !error.retryable) throw error
    throw new ClientError(error.code, `Not sent yet: ${error.message}. The message is stored.`, {
      nextStep: "It is sent the next time qpc reaches the server: qpc recv",
      retryable: true,
      cause: error,
    })
  }
}

/** Tells a person which messages of others are missing, or what became of them. */
export function reportGaps(output: Output, client: Client, { gaps }: SyncReport): void {
  for (const { groupId, gap } of gaps) {
    output.note(`[${groupText(client.conversation(hex(groupId)))}] ${gapText(gap)}`)
  }
}

/** Tells a person, beside the result, what else a synchronisation brought. */
export function reportSync(output: Output, client: Client, report: SyncReport): void {
  for (const groupId of report.joined) output.note(`You were added to ${groupText(client.conversation(hex(groupId)))}.`)
  for (const notice of report.notices) {
    output.note(noticeText(notice))
  }
  reportGaps(output, client, report)
  if (report.failed > 0) output.note(`${countText(report.failed, "message")} could not be sent: see qpc history.`)
  const { connectionState } = client
  if (!report.isComplete && connectionState.at === "waiting") {
    output.note(`The server cannot be reached: ${connectionState.reason}`)
  }
}

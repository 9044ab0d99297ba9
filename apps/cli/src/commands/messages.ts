import { text as readText } from "node:stream/consumers"
import type { Conversation, StoredMessage, SyncReport, TextGap } from "@qpc/sdk"
import type { Command } from "../command.ts"
import { DAMAGED_MESSAGE, damagedAmong, markShown } from "../damaged-messages.ts"
import { reportGaps, reportSync, waitUntilAccepted } from "../delivery.ts"
import { gapJson, gapText } from "../gap-text.ts"
import { openProfile } from "../open.ts"
import { readableGroup } from "../readable-group.ts"
import { groupText, hex, messageJson, messageText } from "../text.ts"
import { UsageError } from "../usage-error.ts"
import { waitOption } from "../wait-option.ts"

/** Longest history that is printed at once. */
const HISTORY_LIMIT = 10_000

/** Sends a text. */
export const send: Command = {
  name: "send",
  summary: "send a text to a group",
  arguments: [
    { name: "group", description: "a group's name, or the beginning of its id" },
    { name: "text", description: "the text; without it, standard input is sent", isOptional: true, isVariadic: true },
  ],
  options: [],
  examples: ['qpc send friends "See you at eight"', "uptime | qpc send friends"],
  async run(context, values) {
    const words = values.words("text")
    const text = words.length > 0 ? words.join(" ") : (await readText(process.stdin)).replace(/\r?\n$/, "")
    if (text === "") throw new UsageError("There is nothing to send.", "Give a text, or pipe one in.")
    await using opened = await openProfile(context)
    const group = opened.client.conversation(values.text("group"))
    const sent = await group.send(text)
    await waitUntilAccepted(context, opened.client, group, sent)
    context.output.result({ id: sent.id, groupId: hex(group.id), state: "accepted" }, `Sent to ${groupText(group)}.`)
  },
}

/** Takes in what is waiting and shows what was not shown yet. */
export const receive: Command = {
  name: "recv",
  summary: "fetch messages and show those not shown yet",
  arguments: [{ name: "group", description: "only this group", isOptional: true }],
  options: [{ flags: "--wait <seconds>", description: "wait so long for a message, if there is none (default 0)" }],
  examples: ["qpc recv", "qpc recv friends --wait 60"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const { client } = opened
    const asked = values.optionalText("group")
    const groups = (): readonly Conversation[] =>
      asked === undefined ? client.conversations() : [client.conversation(asked)]
    const { waitMs = 0 } = waitOption(values)
    const report = await client.sync({ signal: context.signal })
    reportSync(context.output, client, report)
    const gaps = [...report.gaps]
    let unread = await unreadOf(groups())
    if (unread.length === 0 && waitMs > 0) {
      const isHere = ({ received }: SyncReport): boolean => {
        const ids = new Set(groups().map((group) => hex(group.id)))
        return received.some((message) => ids.has(hex(message.groupId)))
      }
      const later = await client.sync({ waitMs, signal: context.signal, until: isHere })
      reportGaps(context.output, client, later)
      gaps.push(...later.gaps)
      unread = await unreadOf(groups())
    }
    context.output.result(
      {
        messages: unread.map(({ message }) => messageJson(message)),
        gaps: gaps.map(({ groupId, gap }) => Object.assign(gapJson(gap), { groupId: hex(groupId) })),
      },
      ...(unread.length === 0
        ? ["No new messages."]
        : unread.map(({ group, message }) => `[${groupText(group)}] ${messageText(message)}`)),
    )
    for (const group of groups()) {
      const damaged = await markShown(group, unread.findLast((one) => hex(one.group.id) === hex(group.id))?.message)
      if (damaged !== undefined) context.output.note(damaged)
    }
    if ((await unreadOf(groups())).length > 0) context.output.note("There is more: run this again.")
  },
}

/** Shows what was said; needs no server. */
export const history: Command = {
  name: "history",
  summary: "show what was said in a group",
  arguments: [{ name: "group", description: "a group's name, or the beginning of its id" }],
  options: [{ flags: "--limit <count>", description: "the newest so many (default 50)" }],
  examples: ["qpc history friends --limit 200"],
  async run(context, values) {
    const limit = Number(values.optionalText("limit") ?? 50)
    if (!Number.isInteger(limit) || limit < 1 || limit > HISTORY_LIMIT) {
      throw new UsageError(`--limit takes a whole number from 1 to ${HISTORY_LIMIT}.`)
    }
    await using opened = await openProfile(context)
    const group = readableGroup(opened.client, values.text("group"))
    const messages = await group.history({ limit })
    const gaps = "damage" in group ? [] : await gapsAmong(group, messages)
    const damaged = "damage" in group ? [] : await damagedAmong(group, messages, limit)
    context.output.result(
      {
        groupId: hex(group.id),
        messages: messages.map(messageJson),
        gaps: gaps.map(gapJson),
        damagedMessages: damaged,
        ...("damage" in group ? { damage: group.damage } : missingJson(group)),
      },
      ...orNothing(linesOf(messages, gaps, damaged)),
      ...("damage" in group ? [] : missingText(group)),
    )
  },
}

/** What is missing among these messages, or behind them. */
async function gapsAmong(group: Conversation, [first]: readonly StoredMessage[]): Promise<readonly TextGap[]> {
  return (await group.gaps()).filter(({ position }) => position >= (first?.position ?? 0))
}

const orNothing = (lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? ["Nothing was said yet."] : lines

/** Messages and what is missing among them, each where it belongs. @param damaged - positions of what cannot be read */
function linesOf(
  messages: readonly StoredMessage[],
  gaps: readonly TextGap[],
  damaged: readonly number[],
): readonly string[] {
  const lines = [
    ...messages.map((message) => ({ position: message.position, line: messageText(message) })),
    ...gaps.map((gap) => ({ position: gap.position, line: gapText(gap) })),
    ...damaged.map((position) => ({ position, line: DAMAGED_MESSAGE })),
  ]
  return lines.toSorted((a, b) => a.position - b.position).map(({ line }) => line)
}

function missingJson({ missing }: Conversation): Record<string, unknown> {
  if (missing === undefined) return {}
  const { fromEpoch, toEpoch, isBehindUs, fromMs, toMs } = missing
  const span = fromMs === undefined || toMs === undefined ? {} : { fromMs, toMs }
  return { missing: { fromEpoch: `${fromEpoch}`, toEpoch: `${toEpoch}`, isBehindUs, ...span } }
}

function missingText({ missing }: Conversation): string[] {
  if (missing === undefined) return []
  const { fromMs, toMs } = missing
  const isTimed = fromMs !== undefined && toMs !== undefined
  const span = isTimed ? ` (from ${new Date(fromMs).toLocaleString()} to ${new Date(toMs).toLocaleString()})` : ""
  const what = `Missing: what was said in epochs ${missing.fromEpoch} to ${missing.toEpoch - 1n}${span}, while this profile could not follow the group.`
  return [missing.isBehindUs ? what : `${what} It asks the members to let it in again: qpc doctor.`]
}

/** A message and where it was said. */
interface Unread {
  readonly group: Conversation
  readonly message: StoredMessage
}

/** Oldest first, group by group. */
async function unreadOf(groups: readonly Conversation[]): Promise<readonly Unread[]> {
  const found: Unread[] = []
  for (const group of groups) for (const message of await group.unread()) found.push({ group, message })
  return found
}

import { createInterface, type Interface } from "node:readline"
import { type Client, ClientError, type ClientEvent, type Conversation, type StoredMessage } from "@qpc/sdk"
import { CHAT_COMMANDS, chatCommand } from "../chat-command.ts"
import type { Command, CommandContext } from "../command.ts"
import { DAMAGED_MESSAGE, damagedAmong } from "../damaged-messages.ts"
import { gapText } from "../gap-text.ts"
import { noticeText } from "../notice-text.ts"
import { openProfile } from "../open.ts"
import { printable } from "../output.ts"
import { accordingText, settingsText } from "../role-text.ts"
import { suiteText } from "../suite-text.ts"
import { countText, groupText, hex, messageJson, messageText, personText } from "../text.ts"
import { UsageError } from "../usage-error.ts"

/** Messages shown when a chat opens. */
const HISTORY_SHOWN = 20
/** How long `/quit` and the end of piped input wait for what is not accepted yet. */
const LAST_WAIT_MS = 15_000

/** A live conversation: lines typed are sent, messages appear as they arrive. */
export const chat: Command = {
  name: "chat",
  summary: `talk in a group, live; there also ${CHAT_COMMANDS}`,
  arguments: [{ name: "group", description: "a group's name, or the beginning of its id" }],
  options: [],
  examples: ["qpc chat friends"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const { client } = opened
    const group = client.conversation(values.text("group"))
    const leaving = new AbortController()
    const signal = AbortSignal.any([context.signal, leaving.signal])
    const screen = new Screen(context)
    const events = client.events(signal) // Before the history is read, so that nothing falls between the two.
    const shownUpTo = await openChat(screen, client, group)
    const showing = showEvents(screen, events, group, shownUpTo)
    showing.catch(() => screen.lines.close()) // Without events there is no chat; below it is awaited and reported.
    await sendLines(screen, group, signal)
    leaving.abort()
    await showing
  },
}

/** Prints above a half-typed line and puts the line back. */
class Screen {
  readonly lines: Interface
  /** What is typed, from the first line on: one that came before anybody iterated would be lost. */
  readonly typed: AsyncIterable<string>
  readonly #context: CommandContext

  constructor(context: CommandContext) {
    this.#context = context
    const isTerminal = context.output.isTerminal && process.stdin.isTTY
    this.lines = createInterface({
      input: process.stdin,
      ...(isTerminal ? { output: process.stdout, terminal: true, prompt: "> " } : { terminal: false }),
    })
    this.typed = this.lines[Symbol.asyncIterator]()
    context.signal.addEventListener("abort", () => this.lines.close(), { once: true })
    // In terminal mode readline takes Ctrl-C itself: it ends the chat like Ctrl-D.
    this.lines.on("SIGINT", () => this.lines.close())
  }

  get isTerminal(): boolean {
    return this.lines.terminal
  }

  show(value: Readonly<Record<string, unknown>>, line: string): void {
    if (!this.isTerminal) return this.#context.output.result(value, line)
    const { rows } = this.lines.getCursorPos()
    const toFirstRow = rows === 0 ? "" : `\u001b[${rows}A`
    process.stdout.write(`${toFirstRow}\r\u001b[J${printable(line)}\n`)
    // The cursor is on an empty row now; readline would go up as many rows as it drew last and erase what was printed.
    Object.assign(this.lines, { prevRows: 0 })
    this.lines.prompt(true)
  }
}

/** Returns the position up to which everything was shown. */
async function openChat(screen: Screen, client: Client, group: Conversation): Promise<number> {
  client.connect()
  const others = group.members().length - 1
  screen.show(
    { chat: group.name, groupId: hex(group.id), epoch: Number(group.epoch) },
    `${groupText(group)}, you and ${countText(others, "other")}. Type and press Enter; /quit or Ctrl-D leaves.`,
  )
  const shown = await group.history({ limit: HISTORY_SHOWN })
  // With fewer than that, it is the whole history.
  if (shown.length === HISTORY_SHOWN) await showOlderUnread(screen, group, shown[0]!.position)
  const damaged = await damagedAmong(group, shown, HISTORY_SHOWN)
  showAll(screen, shown, damaged)
  const shownUpTo = shown.at(-1)?.position ?? 0
  await group.markRead(Math.max(shownUpTo, damaged.at(-1) ?? 0))
  return shownUpTo
}

/** What nobody has read yet is shown, however long ago it came. */
async function showOlderUnread(screen: Screen, group: Conversation, before: number): Promise<void> {
  let older: readonly StoredMessage[]
  do {
    older = (await group.unread()).filter(({ position }) => position < before)
    const last = older.at(-1)?.position
    showAll(screen, older, await group.damagedMessages({ after: "read", before: last ?? before }))
    await group.markRead(last ?? 0)
  } while (older.length > 0)
}

/** @param damaged - positions of what cannot be read */
function showAll(screen: Screen, messages: readonly StoredMessage[], damaged: readonly number[]): void {
  const lines = [
    ...messages.map((message) => ({
      at: message.position,
      json: { message: messageJson(message) },
      text: messageText(message),
    })),
    ...damaged.map((at) => ({ at, json: { damagedMessage: at }, text: DAMAGED_MESSAGE })),
  ]
  for (const { json, text } of lines.toSorted((a, b) => a.at - b.at)) screen.show(json, text)
}

/** Until the signal: everything that happens in this group, and the state of the connection. */
async function showEvents(
  screen: Screen,
  events: AsyncIterable<ClientEvent>,
  group: Conversation,
  shownUpTo: number,
): Promise<void> {
  let lastConnection = ""
  for await (const event of events) {
    if (event.kind === "message" && isHere(event.message.groupId, group) && event.message.position <= shownUpTo)
      continue
    const line = eventText(event, group)
    if (line === undefined) continue
    // Every attempt to connect fails in the same words: once is enough.
    if (event.kind === "connection" && line === lastConnection) continue
    if (event.kind === "connection") lastConnection = line
    screen.show(eventJson(event), line)
    if (event.kind === "message") await group.markRead(event.message.position)
  }
}

/** Sends each line; returns when there are no more and everything sent was accepted, failed, or took too long. */
async function sendLines(screen: Screen, group: Conversation, signal: AbortSignal): Promise<void> {
  const underWay = new Set<string>()
  if (screen.isTerminal) screen.lines.prompt()
  for await (const line of screen.typed) {
    if (line === "/quit") break
    if (line.trim() !== "") await sendLine(screen, group, line, underWay)
    if (screen.isTerminal) screen.lines.prompt()
  }
  if (signal.aborted) return
  for (const id of underWay) await group.waitAccepted(id, { timeoutMs: LAST_WAIT_MS, signal })
}

/** A text or command that is refused does not end a conversation between people; a program has to hear of it. */
async function sendLine(screen: Screen, group: Conversation, line: string, underWay: Set<string>): Promise<void> {
  try {
    underWay.add((await (chatCommand(group, line) ?? group.send(line))).id)
  } catch (error) {
    const isRefusal = error instanceof ClientError || error instanceof UsageError
    if (!screen.isTerminal || !isRefusal) throw error
    const stop = /[.!?]$/.test(error.message) ? "" : "."
    screen.show({}, `Not done: ${error.message}${stop} ${error.nextStep ?? ""}`)
  }
}

function eventText(event: ClientEvent, group: Conversation): string | undefined {
  switch (event.kind) {
    case "message":
      return isHere(event.message.groupId, group) && !isTypedHere(event.message)
        ? messageText(event.message)
        : undefined
    case "sent":
      return event.sent.failure !== undefined && isHere(event.groupId, group)
        ? `Something could not be sent. ${event.sent.failure.nextStep}`
        : undefined
    case "members_changed": {
      if (!isHere(event.groupId, group)) return undefined
      const by = event.by === undefined ? "Someone" : personText(event.by)
      const added = event.added.map((person) => `${by} added ${personText(person)}.`)
      const gone = new Set(event.left.map(({ identityKey }) => hex(identityKey)))
      const removed = event.removed.filter(({ identityKey }) => !gone.has(hex(identityKey)))
      const lines = [
        ...added,
        ...removed.map((person) => `${by} removed ${personText(person)}.`),
        ...event.left.map((person) => `${personText(person)} left.`),
      ]
      return `${accordingText(event)}${lines.join(" ")}`
    }
    case "devices_changed":
      return isHere(event.groupId, group) ? devicesText(event) : undefined
    case "settings_changed":
      return isHere(event.groupId, group) ? settingsText(event) : undefined
    case "suite_changed":
      return isHere(event.groupId, group) ? suiteText(event) : undefined
    case "removed":
      // That we cannot follow the group is told by a notice, with what to do.
      if (!isHere(event.groupId, group) || event.because === "must_rejoin") return undefined
      return event.because === "left" ? "You left this group." : "You were removed from this group."
    case "joined":
      return `You were added to ${groupText(event)}.`
    case "history_gone": // The notices of these names say it.
    case "rejoined":
    case "server_equivocated":
      return undefined
    case "disappeared":
      return isHere(event.groupId, group) ? `(${countText(event.positions.length, "message")} disappeared)` : undefined
    case "gap":
      return isHere(event.groupId, group) ? gapText(event.gap) : undefined
    case "notice":
      return noticeText(event.notice)
    case "connection":
      return connectionText(event.state)
  }
}

/** What stands on the screen already. What another device of ours has written is accepted when it comes. */
const isTypedHere = ({ isOwn, state }: StoredMessage): boolean => isOwn && state !== "accepted"

function devicesText(event: ClientEvent & { readonly kind: "devices_changed" }): string {
  const { by, addedCount, removedCount } = event
  const [added, removed] = [addedCount, removedCount].map((count) => (count === 1 ? "a device" : `${count} devices`))
  const parts = [...(addedCount > 0 ? [`added ${added}`] : []), ...(removedCount > 0 ? [`removed ${removed}`] : [])]
  return `${accordingText(event)}${personText(by)} ${parts.join(" and ")} of their own.`
}

function connectionText(state: Extract<ClientEvent, { kind: "connection" }>["state"]): string | undefined {
  switch (state.at) {
    case "online":
      return "(connected)"
    case "waiting":
      return `(not connected: ${state.reason}. Trying again by itself; what you write is kept.)`
    case "stopped":
      return `(not connected: ${state.error.message}. ${state.error.nextStep})`
    case "connecting":
    case "offline":
      return undefined
  }
}

const isHere = (groupId: Uint8Array, group: Conversation): boolean => hex(groupId) === hex(group.id)

/** Big integers and bytes have no JSON form of their own. */
function eventJson(event: ClientEvent): Record<string, unknown> {
  if (event.kind === "message") return { message: messageJson(event.message) }
  const plain = JSON.stringify(event, (_key, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? hex(value) : value,
  )
  return { event: JSON.parse(plain) as unknown }
}

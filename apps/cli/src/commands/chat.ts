import { createInterface, type Interface } from "node:readline"
import type { Client, ClientEvent, Conversation } from "@qpc/sdk"
import type { Command, CommandContext } from "../command.ts"
import { openProfile } from "../open.ts"
import { printable } from "../output.ts"
import { countText, hex, messageJson, messageText, personText } from "../text.ts"

/** Messages shown when a chat opens. */
const HISTORY_SHOWN = 20
/** How long `/quit` and the end of piped input wait for what is not accepted yet. */
const LAST_WAIT_MS = 15_000

/** A live conversation: lines typed are sent, messages appear as they arrive. */
export const chat: Command = {
  name: "chat",
  summary: "talk in a group, live",
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
    const showing = showEvents(screen, client, group, signal)
    await openChat(screen, client, group)
    await sendLines(screen, group, signal)
    leaving.abort()
    await showing
  },
}

/** Prints above a half-typed line and puts the line back. */
class Screen {
  readonly lines: Interface
  readonly #context: CommandContext

  constructor(context: CommandContext) {
    this.#context = context
    const isTerminal = context.output.isTerminal && process.stdin.isTTY
    this.lines = createInterface({
      input: process.stdin,
      ...(isTerminal ? { output: process.stdout, terminal: true, prompt: "> " } : { terminal: false }),
    })
    context.signal.addEventListener("abort", () => this.lines.close(), { once: true })
    // In terminal mode readline takes Ctrl-C itself: it ends the chat like Ctrl-D.
    this.lines.on("SIGINT", () => this.lines.close())
  }

  get isTerminal(): boolean {
    return this.lines.terminal
  }

  show(value: Readonly<Record<string, unknown>>, line: string): void {
    if (!this.isTerminal) return this.#context.output.result(value, line)
    process.stdout.write(`\r\u001b[J${printable(line)}\n`)
    this.lines.prompt(true)
  }
}

async function openChat(screen: Screen, client: Client, group: Conversation): Promise<void> {
  client.connect()
  const others = group.members().length - 1
  screen.show(
    { chat: group.name, groupId: hex(group.id), epoch: Number(group.epoch) },
    `${group.name}, you and ${countText(others, "other")}. Type and press Enter; /quit or Ctrl-D leaves.`,
  )
  const shown = await group.history({ limit: HISTORY_SHOWN })
  for (const message of shown) screen.show({ message: messageJson(message) }, messageText(message))
  const newest = shown.at(-1)
  if (newest) await group.markRead(newest.position)
}

/** Until the signal: everything that happens in this group, and the state of the connection. */
async function showEvents(screen: Screen, client: Client, group: Conversation, signal: AbortSignal): Promise<void> {
  for await (const event of client.events(signal)) {
    const line = eventText(event, group)
    if (line === undefined) continue
    screen.show(eventJson(event), line)
    if (event.kind === "message") await group.markRead(event.message.position)
  }
}

/** Sends each line; returns when there are no more and everything sent was accepted, failed, or took too long. */
async function sendLines(screen: Screen, group: Conversation, signal: AbortSignal): Promise<void> {
  const underWay = new Set<string>()
  if (screen.isTerminal) screen.lines.prompt()
  for await (const line of screen.lines) {
    if (line === "/quit") break
    if (line.trim() !== "") underWay.add((await group.send(line)).id)
    if (screen.isTerminal) screen.lines.prompt()
  }
  if (signal.aborted) return
  for (const id of underWay) await group.waitAccepted(id, { timeoutMs: LAST_WAIT_MS, signal })
}

function eventText(event: ClientEvent, group: Conversation): string | undefined {
  switch (event.kind) {
    case "message":
      return isHere(event.message.groupId, group) && !event.message.isOwn ? messageText(event.message) : undefined
    case "sent":
      return event.sent.failure !== undefined && isHere(event.groupId, group)
        ? `Something could not be sent. ${event.sent.failure.nextStep}`
        : undefined
    case "members_changed": {
      if (!isHere(event.groupId, group)) return undefined
      const by = event.by === undefined ? "Someone" : personText(event.by)
      const added = event.added.map((person) => `${by} added ${personText(person)}.`)
      const removed = event.removed.map((person) => `${by} removed ${personText(person)}.`)
      return [...added, ...removed].join(" ")
    }
    case "removed":
      return isHere(event.groupId, group) ? "You were removed from this group." : undefined
    case "joined":
      return `You were added to ${event.name}.`
    case "notice":
      return `Something could not be shown: ${event.notice.reason} (${event.notice.sizeBytes} bytes).`
    case "connection":
      return connectionText(event.state)
  }
}

function connectionText(state: Extract<ClientEvent, { kind: "connection" }>["state"]): string | undefined {
  switch (state.at) {
    case "online":
      return "(connected)"
    case "waiting":
      return `(not connected: ${state.reason} Trying again by itself; what you write is kept.)`
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

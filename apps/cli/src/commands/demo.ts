import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Client, Conversation } from "@qpc/sdk"
import type { Command, CommandContext } from "../command.ts"
import { waitUntilAccepted } from "../delivery.ts"
import { type SeenByServer, ServerProcess } from "../demo/server-process.ts"
import { Steps } from "../demo/steps.ts"
import { openClient } from "../open.ts"
import { countText, messageText } from "../text.ts"

const GROUP = "friends"
const TEXT = "hello"
/** How long one person waits for the other's message. */
const ARRIVAL_LIMIT_MS = 15_000

/** A server and two people on this machine: the whole system in one command. */
export const demo: Command = {
  name: "demo",
  summary: "start a server and let two people talk, all on this machine",
  arguments: [],
  options: [{ flags: "--once", description: "end when everything was shown, instead of leaving the server running" }],
  examples: ["qpc demo", "qpc demo --once"],
  async run(context, values) {
    const folder = mkdtempSync(join(tmpdir(), "qpc-demo-"))
    try {
      await play(context, folder, values.flag("once"))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** A person of the demo: a profile folder with a password in a file beside it. */
interface Person {
  readonly name: string
  readonly folder: string
  readonly passwordFile: string
  readonly password: string
}

async function play(context: CommandContext, folder: string, isOnce: boolean): Promise<void> {
  const steps = new Steps(context.output)
  await using server = await steps.run("start a server with an encrypted database and a certificate of its own", () =>
    ServerProcess.start(join(folder, "server")),
  )
  context.output.line(`      ${server.address}`)
  const [alice, bob] = [person("alice", folder), person("bob", folder)]
  await talk(context, steps, server, alice, bob)
  showWhatTheServerSaw(context, server.seen)
  context.output.result({ steps: steps.done, server: { address: server.address, saw: server.seen } })
  if (isOnce || context.signal.aborted) return
  showHowToGoOn(context, alice, bob)
  await Promise.race([server.ended(), aborted(context.signal)])
}

async function talk(
  context: CommandContext,
  steps: Steps,
  server: ServerProcess,
  alice: Person,
  bob: Person,
): Promise<void> {
  await using a = await steps.run("alice makes her keys, registers and logs in", () => register(context, server, alice))
  await using b = await steps.run("bob does the same", () => register(context, server, bob))
  const mine = await steps.run(`alice starts the group "${GROUP}"`, () => a.createGroup(GROUP))
  await steps.run("alice invites bob", async () => waitUntilAccepted(context, a, mine, await mine.invite("bob")))
  const his = await steps.run("bob takes up the invitation", () => takeUpInvitation(b))
  await steps.run(`alice says "${TEXT}"`, async () => waitUntilAccepted(context, a, mine, await mine.send(TEXT)))
  await steps.run("bob receives it", () => arrival(b, his))
  await steps.run(`bob says "${TEXT}"`, async () => waitUntilAccepted(context, b, his, await his.send(TEXT)))
  await steps.run("alice receives it", () => arrival(a, mine))
  await showWhatBothSaw(context, mine, his)
}

function person(name: string, folder: string): Person {
  const password = `demo password of ${name}`
  const passwordFile = join(folder, `${name}.password`)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  return { name, folder: join(folder, name), passwordFile, password }
}

async function register(context: CommandContext, server: ServerProcess, who: Person): Promise<Client> {
  const client = await openClient({
    folder: who.folder,
    password: who.password,
    serverAddress: server.address,
    transport: context.options.transport,
  })
  await client.register(who.name, who.password)
  client.connect()
  return client
}

async function takeUpInvitation(client: Client): Promise<Conversation> {
  await client.sync({ waitMs: ARRIVAL_LIMIT_MS, until: () => client.conversations().length > 0 })
  return client.conversation(GROUP)
}

async function arrival(client: Client, group: Conversation): Promise<void> {
  const isHere = async (): Promise<boolean> => (await group.history()).some((message) => !message.isOwn)
  if (await isHere()) return
  await client.sync({ waitMs: ARRIVAL_LIMIT_MS, until: (report) => report.received.length > 0 })
  if (!(await isHere())) throw new Error(`unreachable: a message of the demo did not arrive in ${ARRIVAL_LIMIT_MS} ms`)
}

async function showWhatBothSaw(context: CommandContext, mine: Conversation, his: Conversation): Promise<void> {
  for (const [name, group] of [
    ["alice", mine],
    ["bob", his],
  ] as const) {
    context.output.line(`\n${context.output.style("bold", `What ${name} saw`)}`)
    for (const message of await group.history()) context.output.line(`  ${messageText(message)}`)
  }
}

function showWhatTheServerSaw(context: CommandContext, seen: readonly SeenByServer[]): void {
  context.output.line(`\n${context.output.style("bold", "What the server saw")} (its own log)`)
  for (const entry of seen) {
    const to = countText(entry.recipients, "recipient")
    context.output.line(
      `  ${entry.label.padEnd(11)} epoch ${entry.epoch}, ${entry.bytes} bytes for ${to}: …${entry.tail}`,
    )
  }
}

function showHowToGoOn(context: CommandContext, alice: Person, bob: Person): void {
  const command = (who: Person): string =>
    `  npm run -s qpc -- --profile ${who.folder} --password-file ${who.passwordFile} chat ${GROUP}`
  context.output.line(
    `\n${context.output.style("bold", "Now talk yourself")}: the server goes on. In two other terminals, in this folder:`,
  )
  context.output.line(command(alice))
  context.output.line(command(bob))
  context.output.line("\nCtrl-C here ends the server and deletes the demo's folder.")
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
}

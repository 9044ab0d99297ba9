import { TransportError } from "@qpc/transport"
import type { FrameChannel } from "@qpc/transport"
import { StackError } from "gbp-stack"
import type { Command, CommandContext } from "../command.ts"
import { textOf } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { parseAddress } from "../session/address.ts"
import { decodeAnswer } from "../session/admission.ts"
import { GroupSession } from "../session/group-session.ts"
import type { Reaction } from "../session/group-session.ts"
import { Outgoing } from "../session/outgoing.ts"
import { tell } from "../session/told.ts"
import type { Told } from "../session/told.ts"
import { openChannel } from "../session/transports.ts"
import { aborted, typeInto } from "../session/typing.ts"
import { UsageError } from "../usage-error.ts"
import { anyMemberId, SESSION_OPTIONS, sessionOptionsOf, signOfLifeMs, transportOf } from "./session-options.ts"

const TICK_MS = 500

/** Enters the group of a node that listens. */
export const connect: Command = {
  name: "connect",
  summary: "enter the group of a node that listens; every line typed is a text to everybody",
  argument: { name: "address", description: "host:port, over QUIC host:port#sha256-… as the other node prints it" },
  options: SESSION_OPTIONS,
  examples: [
    "gbp-node connect --name bob 127.0.0.1:7878",
    "gbp-node connect --transport quic 127.0.0.1:7878#sha256-…",
    "echo hello | gbp-node --json connect 127.0.0.1:7878",
  ],
  run: async (context, values) => {
    const memberId = anyMemberId()
    using session = new GroupSession(sessionOptionsOf(values, { name: `guest-${memberId}`, memberId }))
    const to = parseAddress(textOf(values, "address")!)
    const transport = transportOf(values)
    await using channel = await openChannel(transport, to, context.signal)
    const frames = channel.incoming[Symbol.asyncIterator]()
    const outgoing = new Outgoing(channel)
    react(await enter(session, channel, frames, context), outgoing, context)
    const send = (frame: Uint8Array): void => outgoing.send(frame)
    const tellOne = (told: Told): void => tell(context.output, told)
    const ticking = setInterval(() => react(session.tick(), outgoing, context), TICK_MS)
    const living =
      transport.idleMs === 0 ? undefined : setInterval(() => signOfLife(session, send), signOfLifeMs(transport))
    try {
      const reading = readAll(session, outgoing, frames, context)
      const typing = typeInto(session, context.input, { send, tell: tellOne }).then(async () =>
        (await outgoing.finish()) === 0 ? EXIT_CODES.ok : EXIT_CODES.unavailable,
      )
      return await Promise.race([reading, typing, stopped(context.signal)])
    } finally {
      clearInterval(ticking)
      clearInterval(living)
      const unsent = await outgoing.finish()
      if (unsent > 0)
        tellOne({ event: "warning", reason: `${unsent} frames were not sent: the connection ended before` })
    }
  },
}

/** Nothing is lost where it cannot be given: whoever is out of the group is about to be told so. */
function signOfLife(session: GroupSession, send: (frame: Uint8Array) => void): void {
  try {
    send(session.signOfLife())
  } catch (error) {
    if (!(error instanceof StackError)) throw error
  }
}

async function enter(
  session: GroupSession,
  channel: FrameChannel,
  frames: AsyncIterator<Uint8Array>,
  context: CommandContext,
): Promise<Reaction> {
  await channel.send(session.mls.exportKeyPackage())
  const first = await Promise.race([frames.next(), aborted(context.signal)])
  if (first === undefined) throw new TransportError("aborted", "interrupted before the other node answered")
  const answer = first.done === true ? undefined : decodeAnswer(first.value)
  if (answer === undefined)
    throw new UsageError("What answers there does not let anybody in.", "Is it a gbp-node that listens?", "failed")
  if (answer.kind === "refused") throw new UsageError(`The other node refused: ${answer.reason}.`, undefined, "failed")
  const reaction = session.join(answer.welcome, answer.transitionId)
  const because = `entered as member ${session.memberId}`
  tell(context.output, { event: "members", epoch: session.mls.epoch, members: session.people(), because })
  return reaction
}

/** @returns the exit code once the other node ended the session */
async function readAll(
  session: GroupSession,
  outgoing: Outgoing,
  frames: AsyncIterator<Uint8Array>,
  context: CommandContext,
): Promise<number> {
  for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
    const reaction = session.receive(next.value)
    react(reaction, outgoing, context)
    if (reaction.told.some(({ event }) => event === "removed")) return EXIT_CODES.ok
  }
  context.output.note("the other node ended the session")
  return EXIT_CODES.unavailable
}

function react({ frames, told }: Reaction, outgoing: Outgoing, { output }: CommandContext): void {
  for (const frame of frames) outgoing.send(frame)
  for (const one of told) tell(output, one)
}

async function stopped(signal: AbortSignal): Promise<number> {
  await aborted(signal)
  return EXIT_CODES.ok
}

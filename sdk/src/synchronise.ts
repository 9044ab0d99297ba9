import type { GroupId } from "@qpc/wire"
import type { SyncOptions } from "./api.ts"
import type { Context } from "./context.ts"
import { ClientError } from "./client-error.ts"
import type { Link } from "./link.ts"
import type { ClientEvent, Notice, StoredMessage, SyncReport } from "./model.ts"

const DEFAULT_WAIT_MS = 30_000

/** What happened since a moment, in a form that can be added to. */
class Tally {
  readonly received: StoredMessage[] = []
  readonly joined: GroupId[] = []
  readonly notices: Notice[] = []
  readonly gaps: SyncReport["gaps"][number][] = []
  accepted = 0
  failed = 0
  /** True once there was a connection: then being offline again is a report, not an error. */
  wasOnline = false

  add(event: ClientEvent): void {
    if (event.kind === "message" && !event.message.isOwn) this.received.push(event.message)
    if (event.kind === "joined") this.joined.push(event.groupId)
    if (event.kind === "gap") this.gaps.push({ groupId: event.groupId, gap: event.gap })
    if (event.kind === "notice") this.notices.push(event.notice)
    if (event.kind === "sent" && event.sent.state === "accepted") this.accepted += 1
    if (event.kind === "sent" && event.sent.state === "failed") this.failed += 1
    if (event.kind === "connection" && event.state.at === "online") this.wasOnline = true
  }

  report(pending: number, isComplete: boolean): SyncReport {
    const { received, accepted, failed, joined, notices, gaps } = this
    return { received, accepted, failed, joined, notices, gaps, pending, isComplete }
  }
}

/**
 * Takes in what the server has and hands over what it should have, then tells what happened.
 *
 * @throws ClientError what needs a person; `unreachable` and its kin if there was no connection in all that time
 */
export async function synchronise(context: Context, link: Link, options: SyncOptions): Promise<SyncReport> {
  const tally = new Tally()
  tally.wasOnline = link.state.at === "online"
  const listening = context.hub.listen((event) => tally.add(event))
  try {
    return await exchange(context, link, options, tally)
  } finally {
    listening[Symbol.dispose]()
  }
}

async function exchange(context: Context, link: Link, options: SyncOptions, tally: Tally): Promise<SyncReport> {
  const { waitMs = DEFAULT_WAIT_MS, until, signal } = options
  const { pulse, outbox, clock } = context
  const endsAtMs = clock.nowMs() + waitMs
  const wait = (holds: () => boolean): Promise<boolean> =>
    pulse.until(() => checked(link) && holds(), { timeoutMs: Math.max(0, endsAtMs - clock.nowMs()), signal })
  const isSent = (): boolean => outbox.count === 0 || outbox.unsentGroupCount <= link.troubledCount

  link.start()
  let isTaken = await wait(() => link.isCaughtUp)
  if (!isTaken && !tally.wasOnline) throw unreachable(link)
  if (isTaken) isTaken = await takeRest(link, context, wait)
  const isGiven = await wait(isSent)
  const report = (): SyncReport => tally.report(outbox.count, isTaken && isGiven && outbox.count === 0)
  if (until !== undefined) await wait(() => until(report()))
  await wait(() => link.isSettled || link.state.at !== "online")
  // Settling in may bring our other devices into groups.
  await wait(() => isSent() || link.state.at !== "online")
  return report()
}

/** A connection that was there before may have something on its way that nobody told us of yet. */
async function takeRest(
  link: Link,
  context: Context,
  wait: (holds: () => boolean) => Promise<boolean>,
): Promise<boolean> {
  try {
    let seq = await link.firstWaiting()
    while (seq !== undefined) {
      const waited = seq
      if (!(await wait(() => context.cursor.seq >= waited))) return false
      seq = await link.firstWaiting()
    }
    return true
  } catch (error) {
    if (error instanceof ClientError && error.retryable) return false // The connection broke; the report says "not complete".
    throw error
  }
}

/** True, unless somebody has to act first. */
function checked(link: Link): boolean {
  if (link.state.at === "stopped") throw link.state.error
  return true
}

function unreachable(link: Link): ClientError {
  const { state } = link
  const why = state.at === "waiting" ? state.reason : "the server did not answer in time"
  const code = state.at === "waiting" && state.code !== "unreachable" ? "timeout" : "unreachable"
  const nextStep = "Check its address and the network; what you wrote is on disk and goes out later."
  return new ClientError(code, why, { nextStep, retryable: true })
}

import { ClientError } from "../client-error.ts"
import type { Context } from "../context.ts"
import { giveUpDamaged } from "../damaged-groups.ts"
import type { Link } from "../link.ts"
import { put, remove } from "../store.ts"
import { OWN_STEP, recordStep } from "../record-step.ts"
import { retryRejoins } from "../rejoin-state.ts"
import { synchronise } from "../synchronise.ts"
import { Transaction } from "../transaction.ts"
import { equalBytes, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { askServer } from "./ask-server.ts"
import { diagnose, stateOfError } from "./diagnose.ts"
import { diagnosisOf, finding } from "./finding.ts"
import type { Diagnosis } from "./finding.ts"
import { takeSnapshot } from "./take-snapshot.ts"

/** How far a repair may go. */
export interface RepairOptions {
  /**
   * Allows what cannot be taken back: each state's `nextStep` says what is lost. Into a lost group it leads on the word of one member only where
   * a person was asked about it. Default false.
   */
  readonly mayLose?: boolean
  /**
   * What may be lost is lost in this group alone, and only it is tried again where it was given up; with `mayLose` on the word of one
   * member, too, before anybody was asked. Default: all groups.
   */
  readonly groupId?: GroupId
  /** How long to wait for the server. Default 30 s. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/** How things were and how they are. */
export interface RepairReport {
  readonly before: Diagnosis
  readonly after: Diagnosis
}

/** What can be written and taken away again, if the disk has room for a message. */
const PROBE_KEY = toUtf8("probe")
const PROBE_BYTES = 64 * 1024

/**
 * Looks at everything: the disk, the profile, each group, and what the server says of them. Sends and deletes nothing.
 *
 * @param isSynchronised - True if everything that the server had was just taken in: what is behind now cannot be followed.
 */
export async function examine(context: Context, link: Link, isSynchronised: boolean = false): Promise<Diagnosis> {
  try {
    await probeDisk(context)
    const snapshot = await context.turn.take(() => takeSnapshot(context))
    return diagnose(snapshot, await askServer(context, link, snapshot), isSynchronised)
  } catch (error) {
    const state = error instanceof ClientError ? stateOfError(error.code) : undefined
    if (state === undefined) throw error
    return diagnosisOf([finding(state)])
  }
}

/**
 * Does what can be done, and looks again. It uses no key twice: all it does is what the client does by itself when it is
 * connected, and, if that is allowed, to give a commit up that the server says it does not have, and what is damaged of groups.
 */
export async function repair(context: Context, link: Link, options: RepairOptions): Promise<RepairReport> {
  const { mayLose = false, groupId: named, ...wait } = options
  const before = await examine(context, link)
  if (mayLose) await giveUpAllDamaged(context, named)
  await retryRejoins(context, { isForced: mayLose, ...(named && { groupId: named }) })
  link.goOnRejoining()
  if (mayLose) link.stockUp()
  const isSynchronised = await tryToSynchronise(context, link, wait)
  let after = await examine(context, link, isSynchronised)
  if (!mayLose) return { before, after }
  const pending = after.findings.flatMap(({ repair: kind, groupId }) => (kind === "give_up_pending" ? [groupId!] : []))
  const lost = pending.filter((groupId) => named === undefined || equalBytes(groupId, named))
  for (const groupId of lost) await giveUpPending(context, groupId)
  if (lost.length > 0) {
    await tryToSynchronise(context, link, wait)
    after = await examine(context, link, isSynchronised)
  }
  return { before, after }
}

/** @returns false if something is in the way; the next look says what */
async function tryToSynchronise(
  context: Context,
  link: Link,
  wait: Pick<RepairOptions, "waitMs" | "signal">,
): Promise<boolean> {
  if (context.self.identity?.isRegistered !== true) return false
  try {
    await synchronise(context, link, wait)
    return true
  } catch (error) {
    if (error instanceof ClientError && error.code !== "aborted") return false
    throw error
  }
}

async function giveUpAllDamaged(context: Context, named: GroupId | undefined): Promise<void> {
  for (const { groupId, damage } of context.groups.damaged()) {
    const isMeant = named === undefined || equalBytes(groupId, named)
    if (isMeant && damage === "record_damaged") await giveUpDamaged(context, groupId)
  }
}

function giveUpPending(context: Context, groupId: GroupId): Promise<void> {
  return context.turn.take(async () => {
    const member = context.groups.find(groupId)
    const pending = member?.condition().pending
    if (member === undefined || pending === undefined) return
    const step = member.abandon(pending.messageId, context.clock.unixMs())
    await Transaction.run(context, "down", (tx) => recordStep(context, tx, member, step, OWN_STEP))
  })
}

async function probeDisk({ turn, store }: Context): Promise<void> {
  await turn.take(async () => {
    await store.commit([put("settings", PROBE_KEY, new Uint8Array(PROBE_BYTES))])
    await store.commit([remove("settings", PROBE_KEY)])
  })
}

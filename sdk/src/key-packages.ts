import { createKeyPackages, keyPackageBundleFromBytes } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import type { Methods, RequestInitOf } from "@qpc/rpc"
import { DecodeError } from "@qpc/wire"
import type { Context } from "./context.ts"
import { corruptRecord } from "./corrupt-record.ts"
import type { NoticeReason } from "./model.ts"
import type { Call } from "./outbox.ts"
import type { Change } from "./store.ts"
import { Transaction } from "./transaction.ts"

/** How long a private key outlives its package: a Welcome may have been under way when it ended. */
const GRACE_MS = 8 * 24 * 60 * 60 * 1000

/** A last-resort package is replaced when this part of its life is left. */
const LIFE_LEFT = 0.25

/** Who was told something is not told again before so many other things. */
const NEWEST_NOTICES = 100

type Uploaded = NonNullable<RequestInitOf<Methods["uploadKeyPackage"]>["lastResort"]>

/** What the server says of the last-resort package that it has. */
interface LastResortThere {
  readonly expiresAtMs: bigint
  readonly uses: number
}

/**
 * Keeps enough key packages at the server for others to invite us, and a last-resort one for when they are used up; forgets the
 * private keys of those that ended.
 *
 * Private keys are on disk before the packages leave. A package is uploaded once: after a lost answer the next count tells
 * whether more are needed, because one package must never be handed to two people (RFC 9420 §16.8).
 */
export async function topUpKeyPackages(context: Context, call: Call): Promise<void> {
  await context.turn.takeAlways(() => forgetEnded(context))
  for (const suite of context.suites) {
    if ((await topUpStock({ ...context, suite }, call)) === "not_kept") return
  }
}

/** @returns "not_kept" by a server of before there were several suites: it would hand these packages out as those of the first */
async function topUpStock(context: Context, call: Call): Promise<"kept" | "not_kept"> {
  const { turn, suite } = context
  const cipherSuite = suite.id
  const { available, lastResort: there, ...stock } = await call(methods.uploadKeyPackage, { cipherSuite })
  if (!isFirst(context) && stock.cipherSuite !== cipherSuite) return "not_kept"
  const keyPackages = await turn.takeAlways(() => topUp(context, available))
  if (keyPackages.length > 0) await call(methods.uploadKeyPackage, { keyPackages, cipherSuite })
  const lastResort = await turn.takeAlways(() => renewLastResort(context, there))
  if (lastResort !== undefined) await uploadLastResort(context, call, lastResort)
  return "kept"
}

const isFirst = ({ suite, suites }: Context): boolean => suite.id === suites[0]?.id

/** A group changes its suite once, while people invite all the time. */
const OTHER_STOCK = { keyPackageStock: 8, keyPackageLow: 4 }

function stockLimits(context: Context): typeof OTHER_STOCK {
  const { keyPackageStock, keyPackageLow } = context.limits
  if (isFirst(context)) return { keyPackageStock, keyPackageLow }
  return {
    keyPackageStock: Math.min(OTHER_STOCK.keyPackageStock, keyPackageStock),
    keyPackageLow: Math.min(OTHER_STOCK.keyPackageLow, keyPackageLow),
  }
}

/**
 * A server that does not keep packages for as long gets one that lives no longer than those of the stock. Where it refuses that as well, or
 * no room is left for such a one, our owner is told, and the stocks have to do.
 */
async function uploadLastResort(context: Context, call: Call, lastResort: Uploaded): Promise<void> {
  const { turn } = context
  if (await isTaken(context, call, lastResort)) return
  const shorter = await turn.takeAlways(() => shorterThan(context, lastResort))
  if (shorter !== undefined && (await isTaken(context, call, shorter))) return
  await turn.takeAlways(() => tellRefused(context))
}

/** @returns false if the server does not keep such a package */
async function isTaken({ suite }: Context, call: Call, lastResort: Uploaded): Promise<boolean> {
  try {
    await call(methods.uploadKeyPackage, { lastResort, cipherSuite: suite.id })
    return true
  } catch (error) {
    if (error instanceof RpcError && error.reason === "key_package_invalid") return false
    throw error
  }
}

/** `undefined` if that one is as short already, or there is no room: what is refused with each connection must not fill the disk. */
async function shorterThan(context: Context, { expiresAtMs }: Uploaded): Promise<Uploaded | undefined> {
  const { clock, limits } = context
  const lifetimeMs = limits.keyPackageLifetimeMs
  if (BigInt(expiresAtMs ?? 0) <= BigInt(clock.unixMs() + lifetimeMs) || !(await hasRoom(context))) return undefined
  return replaceLastResort(context, lifetimeMs, false)
}

/** It is so with each connection until some of our packages end: once among so many notices is enough. */
async function tellRefused(context: Context): Promise<void> {
  const reason = "last_resort_refused" satisfies NoticeReason
  const newest = await context.profile.notices(NEWEST_NOTICES)
  if (newest.some(({ record }) => record.reason === reason)) return
  await Transaction.run(context, "down", async (tx) => tx.notice({ seq: 0n, sizeBytes: 0, reason }))
}

async function topUp(context: Context, available: number): Promise<Uploaded[]> {
  const { limits, profile, store } = context
  const { keyPackageStock, keyPackageLow } = stockLimits(context)
  if (available >= keyPackageLow) return []
  const room = limits.keyPackagesKept - (await storedCount(context))
  const count = Math.min(keyPackageStock - available, room)
  if (count <= 0) return []
  const made = makeKeyPackages(context, { count, lifetimeMs: limits.keyPackageLifetimeMs, lastResort: false })
  await store.commit(made.map(({ ref, record }) => profile.putKeyPackage(ref, record)))
  return made.map(({ upload }) => upload)
}

/**
 * Looks whether the last-resort package has to be replaced: it was used, will end, or opens no invitation into a group whose keys were
 * deleted. What two people were invited with is less worth, since who finds its private key later can open both invitations.
 *
 * @returns what to upload, if anything
 */
async function renewLastResort(context: Context, there: LastResortThere | undefined): Promise<Uploaded | undefined> {
  const { profile, clock, limits } = context
  const nowMs = clock.unixMs()
  const lifetimeMs = limits.lastResortLifetimeMs
  const here = await profile.lastResort(suiteName(context))
  const isThere = here !== undefined && there?.expiresAtMs === BigInt(here.expiresAtMs)
  const isUsed = isThere && there !== undefined && there.uses > 0
  const isFresh =
    here !== undefined && here.refusedFor.length === 0 && here.expiresAtMs - nowMs > lifetimeMs * LIFE_LEFT
  // A server that says again and again that it was used must not fill the disk. One that is refused is replaced by one that is not, once.
  const isUsable = here !== undefined && here.refusedFor.length === 0 && here.expiresAtMs > nowMs
  const isKept = isUsable && !(await hasRoom(context))
  // The server has none, or the one before: an upload was lost.
  if (isKept || (isFresh && !isUsed)) return isThere ? undefined : uploadOf(context, here)
  return replaceLastResort(context, lifetimeMs, isUsed)
}

async function replaceLastResort(context: Context, lifetimeMs: number, isUsed: boolean): Promise<Uploaded> {
  const { profile, clock } = context
  const nowMs = clock.unixMs()
  const here = await profile.lastResort(suiteName(context))
  const [made] = makeKeyPackages(context, { count: 1, lifetimeMs, lastResort: true })
  if (made === undefined) throw new Error("unreachable: one was asked for")
  await Transaction.run(context, "down", async (tx) => {
    if (isUsed) tx.notice({ seq: 0n, sizeBytes: 0, reason: "last_resort_used" satisfies NoticeReason })
    if (here !== undefined) {
      tx.change(profile.putKeyPackage(here.ref, { ...here, expiresAtMs: Math.min(here.expiresAtMs, nowMs) }))
    }
    tx.change(profile.putKeyPackage(made.ref, made.record), profile.putLastResort(made.ref, suiteName(context)))
  })
  return made.upload
}

/** What the last-resort packages of suites beside the first are told apart by. */
const suiteName = (context: Context): string | undefined => (isFirst(context) ? undefined : `${context.suite.id}`)

/** @throws ClientError `store_corrupt` */
function uploadOf(
  { suites }: Context,
  { bundle: stored, expiresAtMs }: { readonly bundle: Uint8Array; readonly expiresAtMs: number },
): Uploaded {
  try {
    using bundle = keyPackageBundleFromBytes(suites, stored)
    return { data: bundle.keyPackage, expiresAtMs: BigInt(expiresAtMs) }
  } catch (error) {
    if (error instanceof DecodeError) throw corruptRecord("key package", error)
    throw error
  }
}

function makeKeyPackages(
  { suite, self, random, clock }: Context,
  options: { readonly count: number; readonly lifetimeMs: number; readonly lastResort: boolean },
) {
  const nowMs = clock.unixMs()
  const expiresAtMs = nowMs + options.lifetimeMs
  const bundles = createKeyPackages({ suite, device: self.keys, ...self.certified, random, nowMs, ...options })
  return bundles.map((bundle) => {
    const { ref, keyPackage } = bundle
    const record = { expiresAtMs, bundle: bundle.toBytes(), refusedFor: [] }
    bundle[Symbol.dispose]()
    return { ref, record, upload: { data: keyPackage, expiresAtMs: BigInt(expiresAtMs) } }
  })
}

async function hasRoom(context: Context): Promise<boolean> {
  return (await storedCount(context)) < context.limits.keyPackagesKept
}

async function storedCount({ profile }: Context): Promise<number> {
  let count = 0
  for await (const _ of profile.keyPackages()) count += 1
  return count
}

/**
 * Forgets what ended by the machine's calendar as well as by the server's: neither of them can make us delete keys that an invitation
 * may still need. Where many are kept, because the machine's calendar stands still or years back, the server's has to do.
 */
async function forgetEnded(context: Context): Promise<void> {
  const { profile, store, clock, limits } = context
  const isCrowded = (await storedCount(context)) > limits.keyPackagesKept / 2
  const nowMs = isCrowded ? clock.unixMs() : Math.min(clock.unixMs(), clock.machineMs())
  const ended: Change[] = []
  for await (const { ref, expiresAtMs } of profile.keyPackages()) {
    if (expiresAtMs + GRACE_MS < nowMs) ended.push(profile.forgetKeyPackage(ref))
  }
  if (ended.length > 0) await store.commit(ended)
}

import { XWING_SUITE_ID } from "@qpc/crypto"
import type { LinkFaults } from "./packet-network.ts"
import { Prng } from "./prng.ts"

/** Everything that can be made to go wrong. Each seed switches some of it on: a swarm finds more than one mixture. */
export const FAULTS = [
  "loss",
  "duplicates",
  "reorder",
  "delay",
  "partitions",
  "client_crashes",
  "client_kills",
  "client_disk_full",
  "client_disk_broken",
  "bit_rot",
  "server_crashes",
  "server_disk",
  "offline",
  "clock_skew",
  "removals",
  "small_inboxes",
  "few_key_packages",
  "short_key_packages",
  "short_log",
  "second_devices",
  "key_updates",
  "suite_changes",
  "old_programs",
] as const
/** The name of a kind of trouble. */
export type FaultName = (typeof FAULTS)[number]

/** How networks fall apart. */
export const PARTITION_SHAPES = ["total", "subset", "one_way", "bridge", "flapping", "swizzle_clog"] as const
/** The name of a way to fall apart. */
export type PartitionShape = (typeof PARTITION_SHAPES)[number]

/** What a disk does at each durable step. */
export interface DiskFaults {
  /** Probability that the machine stops at the step, before or after it took effect. */
  readonly crash: number
  /** Probability that the step fails and nobody knows whether it took effect. */
  readonly broken: number
  readonly isFull: boolean
  /** The longest a step takes. */
  readonly slowestMs: number
}

const TEN_YEARS_MS = 3653 * 24 * 3_600_000
const A_MONTH_MS = 28 * 24 * 3_600_000

/** A disk that does no harm. */
export const PERFECT_DISK: DiskFaults = { crash: 0, broken: 0, isFull: false, slowestMs: 1 }

/** How often members renew their keys. */
interface KeyUpdates {
  /** Mean time between two that a person asks for, anywhere. */
  readonly askedEveryMs: number
  /** A member's keys are renewed by themselves when they get this old. */
  readonly afterMs: number
}

/** How groups come by other cipher suites. */
interface SuiteChanges {
  /** Mean time between two that somebody asks for, anywhere. */
  readonly askedEveryMs: number
  /** What people ask for: code points. */
  readonly wanted: readonly number[]
}

/** Up, which happens to a group once; to and fro between two that are as strong; and both. */
const WANTED_SUITES = [[XWING_SUITE_ID], [0x0001, 0x0003], [0x0001, 0x0003, XWING_SUITE_ID]] as const

/** What is drawn from a seed before anything happens. */
export interface Plan {
  readonly seed: bigint
  readonly faults: ReadonlySet<FaultName>
  /** First devices, each a person of its own: 2 to 50. */
  readonly deviceCount: number
  /** How many of these people link another device. */
  readonly secondDeviceCount: number
  readonly groupCount: number
  /** How long faults and work go on. */
  readonly durationMs: number
  /** Mean time between two things that somebody does, anywhere. */
  readonly actionEveryMs: number
  readonly link: LinkFaults
  readonly shapes: readonly PartitionShape[]
  readonly partitionEveryMs: number
  /** How long a partition lasts, on average. */
  readonly partitionLastsMs: number
  /** How many of all actions change who is in a group, 0 to 1. */
  readonly churn: number
  /** Unread envelopes that one inbox holds; beyond, the server refuses the batch. */
  readonly queueDepth: number
  /** Commits of a group that the server keeps for those who missed them. */
  readonly commitLogEpochs: number
  /** Key packages that each device keeps at the server. */
  readonly keyPackageStock: number
  readonly keyPackageLifetimeMs: number
  /** Epochs that stay readable after their end. */
  readonly pastEpochs: number
  readonly keyUpdates: KeyUpdates | undefined
  /** Where it is undefined, clients have one suite only. */
  readonly suiteChanges: SuiteChanges | undefined
  /** Share of devices whose programs lack all suites but the first for a while, 0 to 1. */
  readonly oldPrograms: number
  readonly clientDisk: DiskFaults
  readonly serverDisk: DiskFaults
  /** How long a connection may be silent before it is given up. */
  readonly giveUpMs: number
  readonly callDeadlineMs: number
  /** How far calendars are apart at most. */
  readonly skewMs: number
}

/** Makes a run smaller than its seed wants it: how failures are shrunk. */
export interface Restrictions {
  readonly deviceCount?: number
  readonly groupCount?: number
  readonly durationMs?: number
  readonly without?: ReadonlySet<FaultName>
}

/** Draws a plan. What is restricted is drawn all the same, so that the rest stays as it was. */
export function drawPlan(seed: bigint, restrictions: Restrictions = {}): Plan {
  const prng = new Prng(seed, "plan")
  const drawn = new Set(FAULTS.filter((name) => prng.fork(`on/${name}`).chance(0.4)))
  const faults = new Set([...drawn].filter((name) => restrictions.without?.has(name) !== true))
  const amount = (name: FaultName, most: number): number =>
    faults.has(name) ? prng.fork(`amount/${name}`).fraction() * most : 0
  const size = prng.fork("size")
  const deviceCount = restrictions.deviceCount ?? drawDeviceCount(size)
  const groupCount = restrictions.groupCount ?? size.pick([1, 1, 1, 2, 3])
  const durationMs = restrictions.durationMs ?? size.between(6_000, 25_000)
  return {
    seed,
    faults,
    deviceCount,
    groupCount,
    secondDeviceCount: faults.has("second_devices") ? prng.fork("second").between(1, Math.min(3, deviceCount)) : 0,
    durationMs,
    actionEveryMs: size.between(150, 700),
    link: drawLink(prng.fork("link"), amount),
    shapes: faults.has("partitions") ? drawShapes(prng.fork("shapes")) : [],
    partitionEveryMs: size.between(1_000, 6_000),
    partitionLastsMs: size.pick([500, 2_000, 8_000]),
    churn: drawChurn(size, faults),
    queueDepth: drawQueueDepth(prng, faults),
    commitLogEpochs: faults.has("short_log") ? prng.fork("log").between(1, 4) : 1_000,
    pastEpochs: size.pick([1, 2, 3]),
    keyUpdates: faults.has("key_updates") ? drawKeyUpdates(prng.fork("keys"), deviceCount) : undefined,
    suiteChanges: faults.has("suite_changes") ? drawSuiteChanges(prng.fork("suites")) : undefined,
    oldPrograms: faults.has("suite_changes") ? amount("old_programs", 0.5) : 0,
    keyPackageLifetimeMs: faults.has("short_key_packages") ? prng.fork("lifetime").between(2_000, 20_000) : A_MONTH_MS,
    keyPackageStock: faults.has("few_key_packages") ? 2 : 8,
    clientDisk: {
      crash: amount("client_crashes", 0.04),
      broken: amount("client_disk_broken", 0.02),
      isFull: false,
      slowestMs: size.pick([1, 5, 40]),
    },
    serverDisk: {
      crash: amount("server_crashes", 0.01),
      broken: amount("server_disk", 0.03),
      isFull: false,
      slowestMs: size.pick([1, 5, 40]),
    },
    giveUpMs: size.between(3_000, 15_000),
    callDeadlineMs: size.between(2_000, 15_000),
    // From seconds to years, in most worlds days.
    skewMs: TEN_YEARS_MS * amount("clock_skew", 1) ** 8,
  }
}

/** Small groups find almost everything and are quick; a few large ones find the rest. */
function drawDeviceCount(prng: Prng): number {
  const kind = prng.fraction()
  if (kind < 0.005) return prng.between(21, 50)
  if (kind < 0.04) return prng.between(9, 20)
  return prng.between(2, 8)
}

/** Whoever is to miss commits needs others who make some. */
function drawChurn(prng: Prng, faults: ReadonlySet<FaultName>): number {
  const churn = prng.pick([0.1, 0.3, 0.7])
  return faults.has("short_log") ? 0.7 : churn
}

/** Whoever is to miss commits needs an inbox that is full soon. */
function drawQueueDepth(prng: Prng, faults: ReadonlySet<FaultName>): number {
  if (faults.has("short_log")) return prng.fork("queue").between(3, 6)
  return faults.has("small_inboxes") ? prng.fork("queue").between(4, 40) : 1_000
}

/** Every member has a turn: a large group must not be kept busy with its own keys. */
function drawKeyUpdates(prng: Prng, deviceCount: number): KeyUpdates {
  return { askedEveryMs: prng.between(1_000, 5_000), afterMs: deviceCount * prng.between(1_000, 4_000) }
}

function drawSuiteChanges(prng: Prng): SuiteChanges {
  return { askedEveryMs: prng.between(500, 5_000), wanted: prng.pick(WANTED_SUITES) }
}

function drawLink(prng: Prng, amount: (name: FaultName, most: number) => number): LinkFaults {
  const delayMinMs = prng.between(1, 20)
  // Most networks are quick; a delay of seconds is rare and then hurts.
  const delayMostMs = prng.pick([50, 200, 1_000, 5_000])
  return {
    loss: amount("loss", 0.3),
    duplicate: amount("duplicates", 0.5),
    reorderWindow: Math.round(amount("reorder", 64)),
    delayMinMs,
    delayMaxMs: delayMinMs + 10 + amount("delay", delayMostMs - 30),
  }
}

function drawShapes(prng: Prng): readonly PartitionShape[] {
  const shapes = PARTITION_SHAPES.filter(() => prng.chance(0.5))
  return shapes.length > 0 ? shapes : [prng.pick(PARTITION_SHAPES)]
}

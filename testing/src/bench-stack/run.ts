import type { CodecName } from "gbp-node/golden"
import { compare } from "../bench/measure.ts"
import type { Contender, Machine, Measured, Plan } from "../bench/measure.ts"
import { CODECS } from "../interop-gbp/codecs.ts"
import type { PublishedStack } from "../interop-gbp/published-stack.ts"
import * as contenders from "./contenders.ts"
import type { Way } from "./contenders.ts"
import { ARGS, OPUS, Pair, TEXT } from "./pair.ts"
import type { ProfileName, StreamName } from "./pair.ts"

/** What to measure, and how long. */
export interface RunOptions {
  readonly plan: Plan
  /** Without it, ours alone is measured. */
  readonly published: PublishedStack | undefined
  /** Only comparisons with one of these words in their names; all where it is empty. */
  readonly only: readonly string[]
  readonly report: (progress: string) => void
  /** What slices are measured by; the process's own clock where it is absent. */
  readonly machine?: Machine
}

/** Some who did the same in turn. */
export interface Comparison {
  /** Such as `send text, cbor`. */
  readonly name: string
  /** Ours first. */
  readonly measured: readonly Measured[]
}

/** Bytes of one frame beyond what its user gave. */
export interface Overhead {
  readonly stream: StreamName
  readonly codec: CodecName
  readonly sender: ProfileName | "published"
  readonly contentBytes: number
  readonly frameBytes: number
}

/** All that was measured. */
export interface Run {
  readonly comparisons: readonly Comparison[]
  readonly overheads: readonly Overhead[]
}

const STREAMS: readonly StreamName[] = ["text", "audio", "signal"]
const WAYS: readonly Way[] = ["send", "receive"]
const PROFILES: readonly ProfileName[] = ["gbp/2", "gbp/1"]
const CONTENT_BYTES: Readonly<Record<StreamName, number>> = {
  text: TEXT.length,
  audio: OPUS.length,
  signal: ARGS.length,
}

/** Weighs one frame of each kind, and plays all comparisons, everybody in turn. */
export async function run(options: RunOptions): Promise<Run> {
  // First, while everybody's numbers are small: they are as long as they are large.
  const overheads = await weigh(options.published)
  const comparisons: Comparison[] = []
  for (const [name, make] of plannedComparisons(options.published)) {
    if (options.only.length > 0 && !options.only.some((word) => name.includes(word))) continue
    options.report(name)
    comparisons.push({ name, measured: await compare(await make(), options.plan, options.machine) })
  }
  return { comparisons, overheads }
}

type Planned = readonly [string, () => Promise<readonly Contender[]>]

function plannedComparisons(published: PublishedStack | undefined): readonly Planned[] {
  const theirs = (way: Way, stream: StreamName | "sframe", codec: CodecName): readonly Contender[] =>
    published === undefined ? [] : [contenders.published(published, way, stream, codec)]
  const frames = STREAMS.flatMap((stream) =>
    WAYS.flatMap((way) =>
      CODECS.map((codec): Planned => [
        `${way} ${stream}, ${codec}`,
        async () => [
          ...PROFILES.map((profile) => contenders.ours(profile, way, stream, codec)),
          ...theirs(way, stream, codec),
        ],
      ]),
    ),
  )
  return [
    ...frames,
    [
      "send sframe",
      async () => [contenders.sframe("send"), contenders.bareCipher(), ...theirs("send", "sframe", "cbor")],
    ],
    ["receive sframe", async () => [contenders.sframe("receive"), ...theirs("receive", "sframe", "cbor")]],
    ["play audio, jitter buffer", async () => [contenders.jitterBuffer()]],
    ["play audio, playout", async () => [contenders.playout()]],
    ["opus encode", async () => [await contenders.opusEncode()]],
    ["opus decode", async () => [await contenders.opusDecode()]],
  ]
}

async function weigh(published: PublishedStack | undefined): Promise<readonly Overhead[]> {
  const overheads: Overhead[] = []
  for (const stream of STREAMS) {
    for (const codec of CODECS) {
      const about = { stream, codec, contentBytes: CONTENT_BYTES[stream] }
      for (const sender of PROFILES) {
        overheads.push({ ...about, sender, frameBytes: new Pair(sender).send(stream, codec).length })
      }
      if (published === undefined) continue
      const { bytes } = await published.ask({ ask: "prepare", operation: `receive ${stream}`, codec, count: 1 })
      overheads.push({ ...about, sender: "published", frameBytes: bytes as number })
    }
  }
  return overheads
}

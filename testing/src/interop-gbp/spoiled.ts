import { isDeepStrictEqual } from "node:util"
import { DecodeError, fromHex, toHex } from "@qpc/wire"
import { formatOf, goldenProfile1, revived } from "gbp-node/golden"
import type { CodecName, Golden, Kind } from "gbp-node/golden"
import { FuzzRandom } from "../fuzz/fuzz-random.ts"
import { MUTATIONS, partsOf } from "../golden/mutations.ts"
import { PeerError } from "../peer-program.ts"
import type { PublishedStack } from "./published-stack.ts"

/** What became of spoiled messages of one codec with both stacks. */
export interface SpoiledOutcome {
  readonly codec: CodecName
  /** Refused by both. */
  readonly refused: number
  /** Read by both, as the same value. */
  readonly same: number
  /** Read by theirs alone, which knows more than one encoding of a value. */
  readonly theirsAlone: number
  /** Read by ours alone. */
  readonly oursAlone: number
  /** Read by both, as other values: how often for each field that differs. */
  readonly otherValues: Readonly<Record<string, number>>
}

type Verdict = { readonly kind: "refused" | "same" | "theirsAlone" | "oursAlone" } | { readonly fields: string[] }

const SEED = 3
/** Those that the published stack has types for. */
const KINDS: ReadonlySet<Kind> = new Set(["frame", "control", "error", "text", "manifest", "chunk", "audio", "signal"])

/** Spoils each part of each golden message in each way, and lets both read what comes. */
export async function playSpoiled(published: PublishedStack): Promise<readonly SpoiledOutcome[]> {
  const byCodec = new Map<CodecName, Verdict[]>()
  for (const golden of goldenProfile1().messages.filter(({ kind }) => KINDS.has(kind))) {
    const verdicts = byCodec.get(golden.codec) ?? []
    byCodec.set(golden.codec, verdicts)
    const random = new FuzzRandom(SEED, golden.hex.length)
    for (const part of partsOf(golden.parts)) {
      for (const { of } of MUTATIONS)
        verdicts.push(await judge(published, golden, of(fromHex(golden.hex), part, random)))
    }
  }
  return Array.from(byCodec, ([codec, verdicts]) => countOf(codec, verdicts))
}

/** Of what is above 255 in these, theirs keeps the lowest byte; our receivers refuse it. */
const NARROWED: ReadonlySet<string> = new Set(["flags", "contentType"])

/** True if no message means one thing to ours and another to theirs, but for what theirs cuts off. */
export function meanTheSame({ oursAlone, otherValues }: SpoiledOutcome): boolean {
  return oursAlone === 0 && Object.keys(otherValues).every((field) => NARROWED.has(field))
}

async function judge(published: PublishedStack, { kind, codec }: Golden, bytes: Uint8Array): Promise<Verdict> {
  const ours = readByOurs(kind, codec, bytes)
  const theirs = await readByTheirs(published, { kind, codec }, bytes)
  if (ours === undefined) return { kind: theirs === undefined ? "refused" : "theirsAlone" }
  if (theirs === undefined) return { kind: "oursAlone" }
  const fields = Object.keys(ours).filter((field) => !isDeepStrictEqual(ours[field], theirs[field]))
  return fields.length === 0 ? { kind: "same" } : { fields }
}

type Fields = Readonly<Record<string, unknown>>

/** Decoders of ours leave it to receivers to compare lengths that a message says with those it has; here that is done for them. */
function readByOurs(kind: Kind, codec: CodecName, bytes: Uint8Array): Fields | undefined {
  try {
    const value = formatOf(kind, codec).decode(bytes) as Fields | undefined
    const [said, held] = [value?.["contentLength"] ?? value?.["argsLength"], value?.["body"] ?? value?.["args"]]
    return said !== undefined && said !== (held as Uint8Array).length ? undefined : value
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

async function readByTheirs(
  published: PublishedStack,
  { kind, codec }: Pick<Golden, "kind" | "codec">,
  bytes: Uint8Array,
): Promise<Fields | undefined> {
  try {
    return revived((await published.readAndWrite(kind, codec, toHex(bytes))).value) as Fields
  } catch (error) {
    if (error instanceof PeerError) return undefined
    throw error
  }
}

function countOf(codec: CodecName, verdicts: readonly Verdict[]): SpoiledOutcome {
  const count = (wanted: string): number => verdicts.filter((one) => "kind" in one && one.kind === wanted).length
  const otherValues: Record<string, number> = {}
  for (const field of verdicts.flatMap((one) => ("fields" in one ? one.fields : []))) {
    otherValues[field] = (otherValues[field] ?? 0) + 1
  }
  return {
    codec,
    refused: count("refused"),
    same: count("same"),
    theirsAlone: count("theirsAlone"),
    oursAlone: count("oursAlone"),
    otherValues,
  }
}

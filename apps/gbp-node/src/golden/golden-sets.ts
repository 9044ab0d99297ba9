import { decodeArgs } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { fromHex, toHex } from "@qpc/wire"
import type { VectorResult, VectorSet } from "@qpc/wire/vectors"
import { isDeepStrictEqual } from "node:util"
import { formatOf } from "./formats.ts"
import { goldenProfile1, revived } from "./golden-file.ts"
import type { CodecName, Golden, GoldenSealed } from "./golden-file.ts"
import { openingFailure, sealingFailure } from "./sealed-payload.ts"

const CODECS: readonly CodecName[] = ["cbor", "protobuf", "flatbuffers"]
const LAYOUT = "messages of another layout are read, not written"

/** What came of one way of one message: it passed, was left out, or this is wrong. */
type Outcome = "passed" | "skipped" | { readonly wrong: string }

/**
 * The messages of gbp/1 that were written by hand, one set for each codec, and the payloads under given keys. Each is a
 * case twice: written or sealed, and read or opened.
 */
export function goldenSets(): VectorSet[] {
  const { messages, sealed } = goldenProfile1()
  return [
    ...CODECS.map((codec) => ({
      name: `golden/profile-1 ${codec}`,
      run: () =>
        resultOf(
          messages.filter((message) => message.codec === codec),
          [written, read],
        ),
    })),
    { name: "golden/profile-1 sealed payloads", run: () => resultOf(sealed, [sealedSo, openedSo]) },
  ]
}

function resultOf<Example>(
  examples: readonly Example[],
  ways: readonly ((example: Example) => Outcome)[],
): VectorResult {
  const outcomes = examples.flatMap((example) => ways.map((way) => way(example)))
  const failures = outcomes.flatMap((outcome) => (typeof outcome === "string" ? [] : [outcome.wrong]))
  const skipped = outcomes.filter((outcome) => outcome === "skipped").length
  const counts = { cases: outcomes.length, failed: failures.length, skipped }
  const passed = outcomes.length - failures.length - skipped
  return { ...counts, passed, failures, ...(skipped === 0 ? {} : { why: LAYOUT }) }
}

function written({ kind, codec, name, value, hex, isOtherLayout }: Golden): Outcome {
  if (isOtherLayout === true) return "skipped"
  const found = toHex(formatOf(kind, codec).encode(revived(value) as never))
  return found === hex ? "passed" : { wrong: `${kind} ${name} is written as ${found}` }
}

function read(message: Golden): Outcome {
  const { kind, name, value } = message
  return isDeepStrictEqual(withoutAbsent(decoded(message)), revived(value))
    ? "passed"
    : { wrong: `${kind} ${name} is read otherwise` }
}

/** What a decoder names and does not find has no line in the file. */
function withoutAbsent(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined))
}

function decoded({ kind, codec, value, hex }: Golden): unknown {
  // Which signal they belong to is not in the arguments: whoever reads them knows it already.
  if (kind === "signal_args") return decodeArgs((value as Signal).type, fromHex(hex))
  return formatOf(kind, codec).decode(fromHex(hex))
}

function sealedSo(example: GoldenSealed): Outcome {
  const failure = sealingFailure(example)
  return failure === undefined ? "passed" : { wrong: `${example.streamType} ${example.sequence} ${failure}` }
}

function openedSo(example: GoldenSealed): Outcome {
  const failure = openingFailure(example)
  return failure === undefined ? "passed" : { wrong: `${example.streamType} ${example.sequence} ${failure}` }
}

import { fromHex, toHex } from "@qpc/wire"
import type { VectorResult, VectorSet } from "@qpc/wire/conformance"
import { isDeepStrictEqual } from "node:util"
import { formatOf } from "../golden/formats.ts"
import { goldenProfile1, revived } from "../golden/golden-file.ts"
import type { CodecName, Golden } from "../golden/golden-file.ts"

const CODECS: readonly CodecName[] = ["cbor", "protobuf", "flatbuffers"]
const LAYOUT = "messages of another layout are read, not written; arguments of signals are read with their signal"

/** The messages of gbp/1 that were written by hand, one set for each codec; each message is written and read. */
export function goldenSets(): VectorSet[] {
  const { messages } = goldenProfile1()
  return CODECS.map((codec) => ({
    name: `golden/profile-1 ${codec}`,
    run: () => resultOf(messages.filter((message) => message.codec === codec)),
  }))
}

function resultOf(messages: readonly Golden[]): VectorResult {
  const outcomes = messages.flatMap((message) => [written(message), read(message)])
  const failures = outcomes.filter((outcome) => outcome !== "passed" && outcome !== "skipped")
  const skipped = outcomes.filter((outcome) => outcome === "skipped").length
  const counts = { cases: outcomes.length, failed: failures.length, skipped }
  return {
    ...counts,
    passed: outcomes.length - failures.length - skipped,
    failures,
    ...(skipped === 0 ? {} : { why: LAYOUT }),
  }
}

function written({ kind, codec, name, value, hex, isOtherLayout }: Golden): string {
  if (isOtherLayout === true) return "skipped"
  const found = toHex(formatOf(kind, codec).encode(revived(value) as never))
  return found === hex ? "passed" : `${kind} ${name} is written as ${found}`
}

function read({ kind, codec, name, value, hex }: Golden): string {
  if (kind === "signal_args") return "skipped"
  const found = formatOf(kind, codec).decode(fromHex(hex))
  return isDeepStrictEqual(found, revived(value)) ? "passed" : `${kind} ${name} is read as something else`
}

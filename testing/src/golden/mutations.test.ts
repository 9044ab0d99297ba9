import { decodeArgs, encodeArgs } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { DecodeError, fromHex, toHex } from "@qpc/wire"
import { formatOf, goldenProfile1 } from "gbp-node/golden"
import type { Format } from "gbp-node/golden"
import { describe, expect, it } from "vitest"
import { FuzzRandom } from "../fuzz/fuzz-random.ts"
import { MUTATIONS, partsOf } from "./mutations.ts"

const SEED = 1
/** Values that a decoder may leave out by their message's own rules, so that they are not written again. */
const LEFT_OUT: ReadonlySet<string> = new Set(["abort"])
const golden = goldenProfile1().messages
// Arguments of signals are read by another function, which is told their type.
const [messages, args] = [false, true].map((isArgs) => golden.filter(({ kind }) => (kind === "signal_args") === isArgs))

/** Bytes and text in a value: what a decoder took memory for. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array || typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 0
  return Object.values(value).reduce<number>((sum, inner) => sum + sizeOf(inner), 0)
}

/** What came of bytes: a typed refusal, or a value that is no larger and has these bytes as an encoding. */
function outcomeOf({ encode, decode }: Format, bytes: Uint8Array, isOneEncoding: boolean): string {
  const before = toHex(bytes)
  try {
    const value = decode(bytes)
    if (value === undefined) return "another version"
    expect(sizeOf(value)).toBeLessThanOrEqual(bytes.length)
    const again = encode(value as never)
    if (isOneEncoding) expect(toHex(again)).toBe(before)
    else expect(decode(again)).toEqual(value)
    return "read"
  } catch (error) {
    if (error instanceof DecodeError) return error.code
    throw error
  } finally {
    expect(toHex(bytes)).toBe(before)
  }
}

describe(`every part of a message, spoiled in ${MUTATIONS.length} ways (seed ${SEED})`, () => {
  it.each(messages!)(
    "$codec $kind: $name is refused with a reason, or read for what it then says",
    ({ kind, codec, hex, parts }) => {
      const [format, bytes] = [formatOf(kind, codec), fromHex(hex)]
      const random = new FuzzRandom(SEED, hex.length)
      const outcomes = new Set<string>()
      for (const part of partsOf(parts)) {
        for (const { of } of MUTATIONS) {
          const mutant = of(bytes, part, random)
          if (mutant.length === 0 && LEFT_OUT.has(kind)) continue
          outcomes.add(outcomeOf(format, mutant, codec !== "flatbuffers"))
        }
      }
      // A message of defaults has no parts in Protobuf.
      expect(outcomes.size).toBeGreaterThanOrEqual(Math.min(parts.length, 2))
    },
  )

  it.each(args!)("$name is refused, or read for what it then says", ({ value, hex, parts }) => {
    const { type } = value as Signal
    const random = new FuzzRandom(SEED, hex.length)
    const mutants = partsOf(parts).flatMap((part) => MUTATIONS.map(({ of }) => of(fromHex(hex), part, random)))
    const read = mutants.filter((mutant) => decodeArgs(type, mutant) !== undefined)
    expect(read.map((mutant) => toHex(encodeArgs(decodeArgs(type, mutant)!)))).toEqual(read.map(toHex))
    expect(read.length).toBeLessThan(Math.max(mutants.length, 1))
  })
})

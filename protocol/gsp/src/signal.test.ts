import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeArgs, encodeArgs, SIGNAL_CODES, signalTypeFromWire } from "./signal.ts"
import type { Signal, SignalType } from "./signal.ts"

/** Written by hand from RFC 8949 §3 and the table of arguments. */
const WRITTEN: readonly (readonly [Signal, string])[] = [
  [{ type: "join" }, ""],
  [{ type: "leave" }, ""],
  [{ type: "role_change", target: 5, role: 2 }, "a200050102"],
  [{ type: "mute", target: 3 }, "a10003"],
  [{ type: "unmute", target: 300 }, "a10019012c"],
  [{ type: "stream_start", stream: "audio" }, "a10001"],
  [{ type: "stream_stop", stream: "signal" }, "a10003"],
  [{ type: "codec_update", codec: 111 }, "a100186f"],
]

describe("the arguments of a signal", () => {
  it.each(WRITTEN)("of %o are %s", (signal, hex) => {
    expect(toHex(encodeArgs(signal))).toBe(hex)
    expect(decodeArgs(signal.type, fromHex(hex))).toEqual(signal)
  })

  const REFUSED: readonly (readonly [SignalType, string, string])[] = [
    ["join", "a0", "an empty map where nothing belongs"],
    ["mute", "", "nothing at all"],
    ["mute", "a0", "no target"],
    ["mute", "a10103", "a target under another key"],
    ["mute", "a200030104", "a key more"],
    ["mute", "a1001803", "a long form of a small number"],
    ["mute", "a10020", "a negative target"],
    ["mute", "a1006133", "a target that is text"],
    ["mute", "a1001b0000000100000000", "a target beyond 32 bits"],
    ["mute", "bf0003ff", "a map without a length"],
    ["mute", "8103", "a list"],
    ["mute", "a1000300", "a byte behind the map"],
    ["role_change", "a10005", "no role"],
    ["role_change", "a201020005", "keys in another order"],
    ["role_change", "a20005011a00010000", "a role beyond 16 bits"],
    ["stream_start", "a10004", "a stream that nobody assigned"],
    ["codec_update", "a100f5", "a codec that is a truth value"],
  ]
  it.each(REFUSED)("of %s are not %s: %s", (type, hex) => {
    expect(decodeArgs(type, fromHex(hex))).toBeUndefined()
  })

  it("come out of any bytes, or nothing does", () => {
    const types = fc.constantFrom(...(Object.keys(SIGNAL_CODES) as SignalType[]))
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 12 }), (type, args) => {
        const signal = decodeArgs(type, args)
        if (signal !== undefined) expect(encodeArgs(signal)).toEqual(args)
      }),
      { numRuns: 2000 },
    )
  })
})

describe("a signal's number", () => {
  it("is the assigned one", () => {
    expect(Object.values(SIGNAL_CODES)).toEqual([100, 101, 102, 200, 201, 300, 301, 400])
    expect(Object.values(SIGNAL_CODES).map(signalTypeFromWire)).toEqual(Object.keys(SIGNAL_CODES))
  })

  it("means nothing where none was assigned", () => {
    expect([0, 99, 103, 202, 401, 2 ** 32].map(signalTypeFromWire)).toEqual(Array.from({ length: 6 }))
  })
})

import { toHex } from "@qpc/wire"
import { SignalType } from "gbp-stack"
import { describe, expect, it } from "vitest"
import { readTypedSignal } from "./typed-signal.ts"

describe("a typed signal", () => {
  it.each([
    { line: "/join", signal: SignalType.Join, args: "" },
    { line: "/mute 3", signal: SignalType.Mute, args: "a10003" },
    { line: "/role  3 1 ", signal: SignalType.RoleChange, args: "a200030101" },
    { line: "/start audio", signal: SignalType.StreamStart, args: "a10001" },
    { line: "/stop 2", signal: SignalType.StreamStop, args: "a10002" },
    { line: "/codec 1", signal: SignalType.CodecUpdate, args: "a10001" },
  ])("is read from $line", ({ line, signal, args }) => {
    const typed = readTypedSignal(line)
    if (typeof typed === "string") throw new Error(typed)
    expect([typed.signal, toHex(typed.args)]).toEqual([signal, args])
  })

  it.each([
    { line: "/dance", says: "no signal" },
    { line: "/constructor", says: "no signal" },
    { line: "/", says: "no signal" },
    { line: "/mute", says: "not typed so" },
    { line: "/mute 3 4", says: "not typed so" },
    { line: "/mute bob", says: "bob is no member id" },
    { line: "/start constructor", says: "no stream" },
    { line: "/mute -1", says: "no member id" },
  ])("is not read from $line", ({ line, says }) => {
    expect(readTypedSignal(line)).toContain(says)
  })
})

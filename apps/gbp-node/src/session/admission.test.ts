import { encodeCbor } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeAnswer, encodeAnswer } from "./admission.ts"

describe("the answer to a newcomer", () => {
  it("is read back", () => {
    const admitted = { kind: "admitted", transitionId: 7, welcome: Uint8Array.of(1, 2, 3) } as const
    expect(decodeAnswer(encodeAnswer(admitted))).toEqual(admitted)
    expect(decodeAnswer(encodeAnswer({ kind: "refused", reason: "no room" }))).toEqual({
      kind: "refused",
      reason: "no room",
    })
  })

  it("carries no longer reason than the other side reads", () => {
    const answer = decodeAnswer(encodeAnswer({ kind: "refused", reason: "x".repeat(1_000) }))
    expect(answer).toEqual({ kind: "refused", reason: "x".repeat(200) })
  })

  it.each([
    { what: "no transition", value: new Map([["welcome", Uint8Array.of(1)]]) },
    {
      what: "both",
      value: new Map<string, string | number>([
        ["refused", "no"],
        ["tid", 1],
      ]),
    },
    {
      what: "a number for the Welcome",
      value: new Map([
        ["tid", 1],
        ["welcome", 1],
      ]),
    },
    { what: "a reason without an end", value: new Map([["refused", "x".repeat(201)]]) },
  ])("is nothing with $what", ({ value }) => {
    expect(decodeAnswer(encodeCbor(value))).toBeUndefined()
  })

  it("is read from any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeAnswer(bytes)),
      { numRuns: 1_000 },
    )
  })
})

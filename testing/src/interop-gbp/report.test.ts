import { describe, expect, it } from "vitest"
import { isGood, toText } from "./report.ts"
import type { Report } from "./report.ts"

const good: Report = {
  published: { repository: "https://example.org/stack", commit: "abc", release: "1" },
  golden: [{ name: "a text", kind: "text", codec: "cbor", result: "same_bytes" }],
  spoiled: [{ codec: "cbor", refused: 2, same: 1, theirsAlone: 1, oursAlone: 0, otherValues: { flags: 1 } }],
  scenes: [{ scene: "text", creator: "ours", joiner: "published", third: "ours" }],
  flaws: [
    { flaw: "one key", published: true, ours: true, facade: true, isInTheBytes: true },
    { flaw: "a claim", published: true, facade: false, isInTheBytes: false },
  ],
}

const BAD: readonly (readonly [string, Partial<Report>])[] = [
  ["a golden message that failed", { golden: [{ ...good.golden[0]!, result: "failed", because: "wrote 00" }] }],
  ["a scene that failed", { scenes: [{ ...good.scenes[0]!, because: "refused" }] }],
  ["a message that ours alone reads", { spoiled: [{ ...good.spoiled[0]!, oursAlone: 1 }] }],
  ["a message of two meanings", { spoiled: [{ ...good.spoiled[0]!, otherValues: { senderId: 1 } }] }],
  ["a flaw of our parts", { flaws: [{ ...good.flaws[1]!, ours: true }] }],
  ["a flaw of our facade", { flaws: [{ ...good.flaws[1]!, facade: true }] }],
]

describe("the report on the published stack", () => {
  it("is good where both understand each other, whatever flaws are in the bytes or theirs", () => {
    expect(isGood(good)).toBe(true)
    expect(toText(good)).toContain("| one key | yes | yes: it is in the bytes | yes: it is in the bytes |")
    expect(toText(good)).toContain("| a claim | yes | – | no |")
    expect(toText(good)).toContain("The two understand each other.")
  })

  it.each(BAD)("is bad with %s", (_, changes) => {
    expect(isGood({ ...good, ...changes })).toBe(false)
    expect(toText({ ...good, ...changes })).toContain("DO NOT UNDERSTAND")
  })

  it("says why something failed", () => {
    expect(toText({ ...good, ...BAD[0]![1] })).toContain("cbor text, a text: wrote 00")
    expect(toText({ ...good, ...BAD[1]![1] })).toContain("text (ours · published · ours): refused")
  })
})

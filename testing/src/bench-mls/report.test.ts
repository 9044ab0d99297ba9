import { describe, expect, it } from "vitest"
import { replaced, toMarkdown } from "./readme.ts"
import { toJson, toText } from "./report.ts"
import type { Report } from "./report.ts"

const report: Report = {
  machine: { node: "v26.0.0", cpu: "Some CPU", cores: 2, platform: "linux-x64", load: 1 },
  primitives: { ours: "sodium-native 1, OpenSSL 2", bound: "OpenSSL 2" },
  implementations: [
    { id: "ours", name: "@qpc/mls", suiteId: 1, remarks: [] },
    { id: "tsmls", name: "ts-mls 1", suiteId: 1, remarks: ["It waits."] },
  ],
  absent: ["a peer: not installed"],
  made: {
    comparisons: [
      {
        operation: "protect",
        memberCount: 2,
        measured: [
          { name: "ours", perSecond: [400, 500, 400] },
          { name: "tsmls", perSecond: [100, 50, 50] },
        ],
      },
    ],
    bytes: [
      {
        implementation: "ours",
        memberCount: 2,
        value: { keyPackage: 300, welcome: 800, addAll: 500, application: 240 },
      },
    ],
    memory: [{ implementation: "ours", memberCount: 10_000, value: 12_000_000 }],
    leftOut: ["join at 1000 members"],
  },
}

describe("the JSON of a run", () => {
  const json = toJson(report)

  it("has each result with its time and spread", () => {
    const expected = { operation: "protect", members: 2, implementation: "ours", milliseconds: 2.5, spread: 0.25 }
    expect(json.results[0]).toMatchObject(expected)
  })

  it("has the ratios, what is wanted of them and whether it is met", () => {
    expect(json.ratios).toMatchObject({ protect_vs_tsmls: 8, memory10000_megabytes: 12 })
    expect(json.targets["protect_vs_tsmls"]).toEqual({ target: 8, direction: "higher is better", isMet: true })
    expect(json.targets["memory10000_megabytes"]).toMatchObject({ target: 10, isMet: false })
  })

  it("says whose primitives ours and the bound used", () => {
    expect(json.primitives).toEqual({ ours: "sodium-native 1, OpenSSL 2", bound: "OpenSSL 2" })
  })

  it("says of each ratio what it means", () => {
    expect(Object.keys(json.meanings)).toEqual(Object.keys(json.ratios))
  })

  it("names who was not there and what there was no time for", () => {
    expect(json).toMatchObject({ absent: ["a peer: not installed"], leftOut: ["join at 1000 members"] })
  })
})

describe("the text of a run", () => {
  it("names the machine, the misses and what was not measured", () => {
    const lines = toText(report).split("\n")
    expect(lines[0]).toBe("Node v26.0.0 on Some CPU, 2 cores, linux-x64")
    expect(lines[1]).toBe("Primitives of ours: sodium-native 1, OpenSSL 2; of the bound: node:crypto, OpenSSL 2")
    expect(lines).toContain("memory10000_megabytes  12.0  ≤ 10  MISSED")
    expect(lines).toContain("protect_vs_tsmls       8.00  ≥ 8   met")
    expect(lines).toContain("Not measured: a peer: not installed")
    expect(lines).toContain("Out of time: join at 1000 members")
  })
})

describe("the tables of a run", () => {
  it("have a row per operation and size, and a column per implementation", () => {
    const markdown = toMarkdown(report)
    expect(markdown).toContain("on node:crypto (OpenSSL 2). Ours computes with sodium-native 1, OpenSSL 2.")
    expect(markdown).toContain("| operation | members | ours | tsmls |")
    expect(markdown).toContain("| seal 100 bytes | 2 | 2.50 | 20.0 |")
  })

  it("replace what is between the markers and nothing else", () => {
    const text = "before\n<!-- bench:mls begin -->\nold\n<!-- bench:mls end -->\nafter\n"
    expect(replaced(text, "new")).toBe("before\n<!-- bench:mls begin -->\n\nnew\n\n<!-- bench:mls end -->\nafter\n")
  })

  it("are not put where there are no markers", () => {
    expect(() => replaced("text", "new")).toThrow("no <!-- bench:mls begin -->")
  })
})

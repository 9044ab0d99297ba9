import { describe, expect, it } from "vitest"
import { readCommandLine } from "./command-line.ts"

const usage = {
  command: "measure",
  purpose: "Measures.",
  flags: {
    json: { type: "boolean", default: false, says: "for machines" },
    seeds: { type: "string", default: "200", says: "how many" },
  },
} as const

describe("the command lines of the test programs", () => {
  it("give flags their values and defaults", () => {
    expect(readCommandLine(usage, ["--json"])).toEqual({ kind: "values", values: { json: true, seeds: "200" } })
    expect(readCommandLine(usage, ["--seeds", "7"])).toEqual({ kind: "values", values: { json: false, seeds: "7" } })
  })

  it.each(["--help", "-h"])("explain themselves for %s", (word) => {
    const read = readCommandLine(usage, [word])
    expect(read.kind).toBe("help")
    expect(read).toHaveProperty(
      "text",
      expect.stringMatching(/npm run measure[^]*Measures\.[^]*--seeds SEEDS +how many \(default 200\)/),
    )
  })

  it.each([[["--jsom"]], [["--seeds"]], [["stray"]], [["--json=yes"]]])("refuse %j and say what there is", (words) => {
    const read = readCommandLine(usage, words)
    expect(read.kind).toBe("mistake")
    expect(read).toHaveProperty("text", expect.stringContaining("--seeds SEEDS"))
  })
})

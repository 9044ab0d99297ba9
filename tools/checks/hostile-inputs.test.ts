import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const page = new URL("../../docs/hostile-inputs.md", import.meta.url)
/** A test that the page names: `[title](../path/to/x.test.ts)`. */
const TEST_LINK = /\[([^\]]+)\]\((\.\.\/[^)]+\.test\.ts)\)/gu

const rows = readFileSync(page, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---") && !line.includes("| what happens |"))
  .map((line) => ({ line, input: line.slice(2, line.indexOf(" |")), links: [...line.matchAll(TEST_LINK)] }))

describe("the page about hostile inputs", () => {
  it("has a table that this check can read", () => {
    expect(rows.length).toBeGreaterThan(50)
  })

  it.each(rows)("names tests that there are: $input", ({ links }) => {
    const missing = links.filter(([, title, path]) => !readFileSync(new URL(path!, page), "utf8").includes(title!))
    expect(links.length).toBeGreaterThan(0)
    expect(missing.map(([link]) => link)).toEqual([])
  })
})

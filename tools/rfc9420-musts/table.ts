import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { MUSTS } from "./musts.ts"
import type { Must } from "./must.ts"

const root = new URL("../..", import.meta.url).pathname
const SOURCES = join(root, "protocol/mls/src")

/** Where the table stands. */
export const TABLE: string = join(root, "docs/mls/rfc9420-musts.md")

/** Titles that no test has, each with the section that names it. */
export function missingTitles(musts: readonly Must[] = MUSTS): string[] {
  const sources = testSources()
  return musts.flatMap(({ section, tests }) =>
    tests.filter((title) => fileOf(title, sources) === undefined).map((title) => `§${section}: ${title}`),
  )
}

/** The table as Markdown. */
export function renderTable(musts: readonly Must[] = MUSTS): string {
  const sources = testSources()
  const rows = musts.map(({ section, keeper, says, tests, remark }) => {
    const named = tests.map((title) => `${title.replaceAll("|", "\\|")} (${fileOf(title, sources) ?? "missing"})`)
    const remarks = remark === undefined ? [] : [`*${remark}*`]
    return `| §${section} | ${says} | ${keeper} | ${[...named, ...remarks].join("<br>")} |`
  })
  const own = musts.filter(({ keeper }) => keeper === "engine")
  return [
    "# Every MUST of RFC 9420 §§5–17 and what tests it",
    "",
    "Made by `node tools/rfc9420-musts/generate.ts` from `tools/rfc9420-musts`; do not edit. The requirements are in our",
    "words. A test fails if a title here no longer stands in the tests of `protocol/mls`, or if this table is not up to date.",
    "",
    `${musts.length} requirements, ${own.length} of them for the engine, each of these with its tests. In italics: what is left to applications.`,
    "",
    "| Section | Requirement | Whose | Tests |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n")
}

function testSources(): ReadonlyMap<string, string> {
  const files = readdirSync(SOURCES, { recursive: true }).map(String)
  const tests = files.filter((file) => file.endsWith(".test.ts")).toSorted()
  return new Map(tests.map((file) => [file, readFileSync(join(SOURCES, file), "utf8")]))
}

function fileOf(title: string, sources: ReadonlyMap<string, string>): string | undefined {
  for (const [file, source] of sources) if (source.includes(`"${title}"`)) return file
  return undefined
}

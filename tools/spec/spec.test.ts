import { existsSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { FIGURES, figuresOf, LANGUAGES, withFigures } from "./figures.ts"
import type { Language } from "./figures.ts"
import { folderOf, pagesOf } from "./pages.ts"

function pageOf(language: Language, name: string): string {
  return readFileSync(`${folderOf(language)}${name}`, "utf8")
}

/** What a translation keeps: headings by depth, rows of tables, code, links, figures. */
function outlineOf(page: string): string[] {
  let isCode = false
  return page.split("\n").flatMap((line) => {
    if (line.startsWith("```")) isCode = !isCode
    if (isCode || line.startsWith("```")) return [line]
    if (line.startsWith("#")) return [line.split(" ")[0]!]
    if (line.startsWith("|")) return [`row of ${line.split("|").length}`]
    return linksIn(line)
  })
}

function linksIn(text: string): string[] {
  return Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, target]) => target!)
}

describe("the specification", () => {
  it("has the same pages in every language", () => {
    for (const language of LANGUAGES) expect(pagesOf(language)).toEqual(pagesOf("en"))
    expect(pagesOf("en").length).toBeGreaterThan(10)
  })

  it("has its diagrams and tables from the code", () => {
    for (const language of LANGUAGES) {
      for (const name of pagesOf(language)) {
        const page = pageOf(language, name)
        expect(withFigures(page, language), `${language}/${name}: npm run generate`).toBe(page)
      }
    }
    const drawn = pagesOf("en").flatMap((name) => figuresOf(pageOf("en", name)))
    expect(drawn.toSorted()).toEqual(Object.keys(FIGURES).toSorted())
  })

  it.each(pagesOf("en"))("%s says the same in every language", (name) => {
    expect(outlineOf(pageOf("ru", name))).toEqual(outlineOf(pageOf("en", name)))
  })

  it.each(LANGUAGES)("has no link that leads nowhere (%s)", (language) => {
    for (const name of pagesOf(language)) {
      for (const target of linksIn(pageOf(language, name))) {
        if (/^(https:|#)/.test(target)) continue
        const path = resolve(dirname(`${folderOf(language)}${name}`), target.split("#")[0]!)
        expect(existsSync(path), `${language}/${name}: ${target}`).toBe(true)
      }
    }
  })

  it("does not draw a figure that there is not, or that has no end", () => {
    expect(() => withFigures("<!-- figure: of nothing -->\n<!-- end of figure -->", "en")).toThrow("of nothing")
    expect(() => withFigures("<!-- figure: errors -->", "en")).toThrow("has no end")
  })
})

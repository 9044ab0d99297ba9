import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Language } from "./figures.ts"

/** The folder of a language's pages. */
export function folderOf(language: Language): string {
  return fileURLToPath(new URL(`../../docs/spec/${language}/`, import.meta.url))
}

/** Names of the pages of a language, sorted. */
export function pagesOf(language: Language): string[] {
  return readdirSync(folderOf(language))
    .filter((name) => name.endsWith(".md"))
    .toSorted()
}

/** `node --conditions=@qpc/source tools/spec/generate.ts`: draws the tables and diagrams of `docs/spec` anew, from the code. */
import { readFileSync, writeFileSync } from "node:fs"
import { LANGUAGES, withFigures } from "./figures.ts"
import { folderOf, pagesOf } from "./pages.ts"

for (const language of LANGUAGES) {
  for (const name of pagesOf(language)) {
    const path = `${folderOf(language)}${name}`
    writeFileSync(path, withFigures(readFileSync(path, "utf8"), language))
  }
}

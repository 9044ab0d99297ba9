import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"

/** Where published vectors are read from: a folder under Node, a web server in a page. */
export interface VectorFiles {
  /** For messages about what is missing. */
  readonly place: string
  /** The text of a file, unpacked if its name ends in `.gz`; `undefined` if there is no such file. */
  text(path: string): string | undefined
}

/** The vectors of a folder. */
export function vectorFolder(folder: string): VectorFiles {
  return {
    place: folder,
    text(path) {
      const file = join(folder, path)
      if (!existsSync(file)) return undefined
      return path.endsWith(".gz") ? gunzipSync(readFileSync(file)).toString("utf8") : readFileSync(file, "utf8")
    },
  }
}

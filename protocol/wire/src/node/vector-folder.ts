import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { VectorFiles } from "../vectors/vector-files.ts"

/** The largest published file has 6 MB, the largest packed one 9 MB unpacked. */
const FILE_MAX_BYTES = 64 * 1024 * 1024

/**
 * The vectors of a folder, each set in the sub-folder that its runner names.
 *
 * Its `text` throws RangeError for a file of more than 64 MiB, packed or unpacked, and for what is no file, and what `node:fs` throws
 * for one that cannot be reached or read.
 */
export function vectorFolder(folder: string): VectorFiles {
  return {
    place: folder,
    text(path) {
      const file = join(folder, path)
      // Only what is not there is missing: one that cannot be reached throws.
      const found = statSync(file, { throwIfNoEntry: false })
      if (found === undefined) return undefined
      // A device or a pipe has no size, and may never end.
      if (!found.isFile()) throw new RangeError(`${path} is no file`)
      if (found.size > FILE_MAX_BYTES) throw new RangeError(`${path} has more than ${FILE_MAX_BYTES} bytes`)
      const bytes = readFileSync(file)
      return (path.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: FILE_MAX_BYTES }) : bytes).toString("utf8")
    },
  }
}

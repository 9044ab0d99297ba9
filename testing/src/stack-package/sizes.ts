import { readFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, gzipSync } from "node:zlib"

/** What a file takes on its way to a browser. */
export interface FileSize {
  readonly file: string
  readonly bytes: number
  readonly gzipBytes: number
  readonly brotliBytes: number
  /** The most that it may take with brotli. */
  readonly limitBytes: number
}

/** What is measured, and the most that it may take: lower it with every gain, raise it for a reason alone. */
const LIMITS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL("sizes.json", import.meta.url), "utf8"),
) as Record<string, number>

/** Sizes of the files that browsers fetch. */
export function measureSizes(folder: string): readonly FileSize[] {
  return Object.entries(LIMITS).map(([file, limitBytes]) => {
    const content = readFileSync(join(folder, file))
    const [gzipBytes, brotliBytes] = [gzipSync(content, { level: 9 }).length, brotliCompressSync(content).length]
    return { file, bytes: content.length, gzipBytes, brotliBytes, limitBytes }
  })
}

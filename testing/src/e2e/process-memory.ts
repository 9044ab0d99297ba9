import { closeSync, openSync, readFileSync, readSync } from "node:fs"

/** Read at once: a block overlaps the one before by the longest needle, so that none is missed at a border. */
const BLOCK_BYTES = 1 << 24

/**
 * Which of `needles` lie anywhere in the writable memory of a running process (Linux: /proc/PID/maps and /mem; a parent
 * may read its children).
 */
export function foundInMemory(processId: number, needles: ReadonlyMap<string, Uint8Array>): string[] {
  const found = new Set<string>()
  const memory = openSync(`/proc/${processId}/mem`, "r")
  try {
    for (const [from, to] of writableRanges(processId)) scan(memory, from, to, needles, found)
  } finally {
    closeSync(memory)
  }
  return [...found]
}

function writableRanges(processId: number): [number, number][] {
  const ranges: [number, number][] = []
  for (const line of readFileSync(`/proc/${processId}/maps`, "utf8").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (range) ranges.push([Number.parseInt(range[1]!, 16), Number.parseInt(range[2]!, 16)])
  }
  return ranges
}

function scan(
  memory: number,
  from: number,
  to: number,
  needles: ReadonlyMap<string, Uint8Array>,
  found: Set<string>,
): void {
  const overlap = Math.max(...[...needles.values()].map((needle) => needle.length))
  const block = Buffer.alloc(BLOCK_BYTES)
  for (let at = from; at < to; at += BLOCK_BYTES - overlap) {
    let length: number
    try {
      length = readSync(memory, block, 0, Math.min(BLOCK_BYTES, to - at), at)
    } catch (error) {
      // Guard pages and device mappings are listed but cannot be read.
      if ((error as NodeJS.ErrnoException).code === "EIO") return
      throw error
    }
    const bytes = block.subarray(0, length)
    for (const [name, needle] of needles) if (bytes.includes(needle)) found.add(name)
    if (length === 0) return
  }
}

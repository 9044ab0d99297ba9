import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Every file below `directory` that holds one of the byte strings, as `path: name`. A store must hold no plaintext, no
 * private key and no password, whatever was written to it, in its log beside it either.
 */
export function filesHolding(directory: string, needles: Readonly<Record<string, Uint8Array>>): string[] {
  const found: string[] = []
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    for (const [name, needle] of Object.entries(needles)) if (content.includes(needle)) found.push(`${path}: ${name}`)
  }
  return found
}

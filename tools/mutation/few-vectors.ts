import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const FOLDER = join("mls-wg", "test-vectors")

/** Cases of a file that are kept. Each mutant meets them anew, and the first of a file already differ in shape. */
const CASES_MAX = 14

/** Too big: single cases that take longer than all the rest together. */
const LEFT_OUT = new Set(["messages.json", "passive-client-random.json", "treekem.json"])

/**
 * Copies the first cases of suite 0x0001 of the published vectors.
 *
 * Mutants need them: a label that is wrong on both sides is noticed by nothing else.
 *
 * @throws Error if `from` does not hold the vectors
 */
export function copyFewVectors(from: string, to: string): void {
  mkdirSync(join(to, FOLDER), { recursive: true })
  for (const file of readdirSync(join(from, FOLDER))) {
    if (!file.endsWith(".json") || LEFT_OUT.has(file)) continue
    const cases = JSON.parse(readFileSync(join(from, FOLDER, file), "utf8")) as { readonly cipher_suite?: number }[]
    const few = cases.filter((vector) => (vector.cipher_suite ?? 1) === 1).slice(0, CASES_MAX)
    writeFileSync(join(to, FOLDER, file), JSON.stringify(few))
  }
}

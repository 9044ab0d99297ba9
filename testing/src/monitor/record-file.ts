import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Encryption } from "./encryption-ledger.ts"

/** About 40 MB with a usual call site; beyond it the file says that it is full, and the run fails. */
const LIMIT_PER_FILE = 100_000
const FULL = "full"

/**
 * An append-only file of the encryptions of one thread of one process. Each line is with the operating system before the
 * ciphertext is with the caller, so that a killed process has told of everything it may have sent.
 */
export class RecordFile {
  readonly #file: number
  readonly #limit: number
  #count = 0

  constructor(path: string, limit = LIMIT_PER_FILE) {
    this.#file = openSync(path, "ax", 0o600)
    this.#limit = limit
  }

  append(encryption: Encryption): void {
    if (this.#count > this.#limit) return
    const isFull = this.#count === this.#limit
    this.#count++
    const { key, nonce, message, isSingleUse, site } = encryption
    const line = isFull ? FULL : [key, nonce, message, isSingleUse ? "1" : "0", site].join(" ")
    writeSync(this.#file, `${line}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** What the record files of a folder hold. */
export interface Records {
  readonly fileCount: number
  readonly encryptions: Iterable<Encryption>
  /** Files that were full: encryptions are missing. */
  readonly full: readonly string[]
}

/** Reads all record files of a folder. A last line without its end was being written when its process was killed. */
export function readRecords(folder: string): Records {
  const names = readdirSync(folder)
  const full: string[] = []
  const encryptions: Encryption[] = []
  for (const name of names) {
    for (const line of readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1)) {
      if (line === FULL) full.push(name)
      else encryptions.push(parseLine(line))
    }
  }
  return { fileCount: names.length, encryptions, full }
}

function parseLine(line: string): Encryption {
  const [key = "", nonce = "", message = "", isSingleUse, ...site] = line.split(" ")
  return { key, nonce, message, isSingleUse: isSingleUse === "1", site: site.join(" ") }
}

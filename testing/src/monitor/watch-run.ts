/** Global setup of all test runs: gathers what the programs that tests start encrypt, and judges it at the end. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { TestProject } from "vitest/node"
import { describeReuse, EncryptionLedger } from "./encryption-ledger.ts"
import { readRecords } from "./record-file.ts"

/** About 400 MB. */
const LIMIT = 1_000_000
const SHOWN_REUSES = 5

declare module "vitest" {
  interface ProvidedContext {
    /** `NODE_OPTIONS` for programs that tests start. */
    readonly watchedNodeOptions: string
  }
}

/** Called by vitest before any test; what it returns is called after all of them. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "nonces-"))
  const preload = new URL("watch-child.ts", import.meta.url)
  preload.searchParams.set("records", pathToFileURL(folder).href)
  project.provide("watchedNodeOptions", `--import=${preload.href}`)
  return () => {
    try {
      const { count, fileCount } = judgeRecords(folder)
      if (fileCount > 0) console.log(`Nonce monitor: ${count} encryptions by ${fileCount} programs, none repeated.`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

/**
 * Checks all encryptions of a folder's record files as if one process had made them.
 *
 * @throws Error naming both places of each reuse, or a file that was full
 */
export function judgeRecords(folder: string, limit = LIMIT): { readonly count: number; readonly fileCount: number } {
  const { fileCount, encryptions, full } = readRecords(folder)
  const ledger = new EncryptionLedger(limit)
  const complaints = full.map((name) => `more encryptions than are recorded: ${name}`)
  for (const encryption of encryptions) {
    const reuse = ledger.note(encryption)
    if (reuse !== undefined) complaints.push(describeReuse(reuse))
  }
  if (complaints.length > 0) throw new Error(complaints.slice(0, SHOWN_REUSES).join("\n"))
  return { count: ledger.count, fileCount }
}

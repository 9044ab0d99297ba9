import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Encryption } from "./encryption-ledger.ts"
import { readRecords, RecordFile } from "./record-file.ts"
import { judgeRecords } from "./watch-run.ts"

const newFolder = (): string => mkdtempSync(join(tmpdir(), "records-"))
const encryption = (message: string, nonce = "11"): Encryption => ({
  key: "aa",
  nonce,
  message,
  isSingleUse: false,
  site: `seal (of ${message}.ts) < main (main.ts)`,
})

function record(folder: string, name: string, encryptions: readonly Encryption[], limit?: number): void {
  const file = new RecordFile(join(folder, name), limit)
  for (const each of encryptions) file.append(each)
  file.close()
}

describe("record files", () => {
  it("read back what was appended", () => {
    const folder = newFolder()
    const written = [encryption("cc"), { ...encryption("dd", "22"), isSingleUse: true }]
    record(folder, "a", written)
    expect(readRecords(folder)).toEqual({ fileCount: 1, encryptions: written, full: [] })
  })

  it("leave out the line in which a process was killed", () => {
    const folder = newFolder()
    record(folder, "a", [encryption("cc")])
    appendFileSync(join(folder, "a"), "aa 11 d")
    expect([...readRecords(folder).encryptions]).toEqual([encryption("cc")])
  })

  it("say that they are full", () => {
    const folder = newFolder()
    record(folder, "a", [encryption("cc"), encryption("cc"), encryption("cc"), encryption("cc")], 2)
    expect([...readRecords(folder).encryptions]).toHaveLength(2)
    expect(() => judgeRecords(folder)).toThrow("more encryptions than are recorded: a")
  })

  it("are never written into an existing file", () => {
    const path = join(newFolder(), "a")
    writeFileSync(path, "")
    expect(() => new RecordFile(path)).toThrow(expect.objectContaining({ code: "EEXIST" }))
  })
})

describe("the judgement of a run", () => {
  it("finds a nonce that two programs used, and names both places", () => {
    const folder = newFolder()
    record(folder, "a", [encryption("cc")])
    record(folder, "b", [encryption("dd")])
    expect(() => judgeRecords(folder)).toThrow(/nonce_reused.*\n {2}first: seal .of cc.*\n {2}again: seal .of dd/)
  })

  it("counts what was encrypted, replays once", () => {
    const folder = newFolder()
    record(folder, "a", [encryption("cc"), encryption("dd", "22")])
    record(folder, "b", [encryption("cc")])
    expect(judgeRecords(folder)).toEqual({ count: 2, fileCount: 2 })
  })

  it("fails when there is no room to compare everything", () => {
    const folder = newFolder()
    record(folder, "a", [encryption("cc"), encryption("dd", "22")])
    expect(() => judgeRecords(folder, 1)).toThrow("monitor_full")
  })
})

import { expectNonceReuse } from "@qpc/crypto/conformance"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { ran } from "../testing/world.ts"
import type { Ran } from "../testing/world.ts"
import type { ReportData } from "../report/report.ts"

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder of vectors with these files and no others. */
function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "vectors-"))
  folders.push(folder)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content))
  }
  return folder
}

/** Some of RFC 8949 appendix A, and of RFC 9605 appendix C.1, in the form of the published files. */
const EXAMPLES = [
  { hex: "1864", roundtrip: true, decoded: 100 },
  { hex: "6449455446", roundtrip: true, decoded: "IETF" },
  { hex: "f97c00", roundtrip: true, diagnostic: "Infinity" },
]
const HEADERS = [
  { kid: 0, ctr: 0, encoded: "00" },
  { kid: 8, ctr: 1, encoded: "8108" },
]

async function runOf(...words: readonly string[]): Promise<Ran> {
  return await expectNonceReuse(
    "members of gbp/1 share keys and nonces in item 4",
    async () => await ran([...words, "--seed", "9"]),
  )
}

async function dataOf(folder: string): Promise<ReportData & { readonly exitCode: number; readonly vectors: string }> {
  const { exitCode, out } = await runOf("--json", "conformance", "--vectors", folder)
  return { ...(JSON.parse(out) as ReportData & { vectors: string }), exitCode }
}

function setOf(report: ReportData, name: string): ReportData["sets"][number] | undefined {
  return report.sets.find((set) => set.name === name)
}

describe("gbp-node conformance", () => {
  it("plays the checklist, runs golden messages, and says of each published set that is missing where to get it", async () => {
    const report = await dataOf(folderOf({}))
    for (const name of ["checklist, simulated", "checklist, loopback QUIC"]) {
      const set = setOf(report, name)
      expect(set).toMatchObject({ cases: 8, passed: 8, failed: 0, skipped: 0 })
      expect(set?.items?.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    }
    expect(setOf(report, "golden/profile-1 cbor")).toMatchObject({ cases: 104, passed: 104 })
    expect(setOf(report, "golden/profile-1 protobuf")).toMatchObject({ cases: 28, passed: 28 })
    expect(setOf(report, "golden/profile-1 flatbuffers")).toMatchObject({ cases: 38, failed: 0 })
    expect(setOf(report, "golden/profile-1 sealed payloads")).toMatchObject({ failed: 0, skipped: 0 })

    const published = report.sets.filter(({ name }) => !/^(checklist|golden)/.test(name))
    expect(published.length).toBeGreaterThan(30)
    for (const set of published) {
      expect(set.skipped).toBeGreaterThan(0)
      expect(set).toMatchObject({
        passed: 0,
        failed: 0,
        skipped: set.cases,
        why: expect.stringContaining("there is no"),
      })
      expect(set.howToGet).toContain("https://")
    }
    expect(report.exitCode).toBe(0)
  })

  it("runs what a folder has, and prints a line for each set", async () => {
    const folder = folderOf({
      "cbor/appendix_a.json": EXAMPLES,
      "sframe-rfc9605/test-vectors.json": { header: HEADERS },
    })
    const { out, exitCode } = await runOf("conformance", "--vectors", folder)
    expect(out).toMatch(/^checklist, simulated +8 +8 +0 +0$/m)
    expect(out).toContain("    5 replay rejection: passed")
    expect(out).toMatch(/^sframe-rfc9605\/header +2 +2 +0 +0$/m)
    expect(out).toMatch(/^cbor\/appendix-a +3 +3 +0 +0 {2}refused by design/m)
    expect(out).toMatch(/^mls-wg\/treekem +77 +0 +0 +77 {2}there is no /m)
    expect(out).toContain("  into mls-wg/ of the folder of vectors: ")
    expect(out).not.toContain("into cbor/")
    expect(out).toMatch(/\n\d+ passed, 0 failed, \d+ skipped of \d+\n$/)
    expect(exitCode).toBe(0)
  })

  it("fails where a vector is spoiled, or a file is no such file, and says which", async () => {
    const spoiled = EXAMPLES.with(0, { ...EXAMPLES[0]!, hex: "1865" })
    const folder = folderOf({ "cbor/appendix_a.json": spoiled, "mls-wg/test-vectors/deserialization.json": "[" })
    const report = await dataOf(folder)
    expect(setOf(report, "cbor/appendix-a")).toMatchObject({
      passed: 2,
      failed: 1,
      failures: ["1865: read as 101, not 100"],
    })
    expect(setOf(report, "mls-wg/deserialization")).toMatchObject({ passed: 0, failed: 1 })
    expect(report).toMatchObject({ vectors: folder, failed: 2, exitCode: 1 })
  })

  it.each(["x", "-1", "1.5", "4294967296"])("refuses %s as a seed", async (seed) => {
    expect((await ran(["conformance", `--seed=${seed}`])).exitCode).toBe(2)
  })

  it("refuses a folder of vectors that is not there", async () => {
    const { exitCode, err } = await ran(["conformance", "--vectors", "/nowhere"])
    expect({ exitCode, err }).toMatchObject({ exitCode: 66, err: expect.stringContaining("/nowhere") })
  })
})

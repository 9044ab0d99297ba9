import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite0001 } from "@qpc/crypto/node"
import { CAPSULE_LIMITS, encodeCapsule } from "@qpc/sdk"
import type { Capsule } from "@qpc/sdk"
import { allowKeyReuse, resetNonceMonitor } from "@qpc/crypto/conformance"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runCapsule } from "./run-capsule.ts"
import type { CapsuleRun } from "./run-capsule.ts"
import { capsuleWith, GROUPS, groupWith } from "./sample-capsules.ts"

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("npm run simulate -- --capsule", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "capsule-"))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  function run(text: string): Promise<CapsuleRun> {
    const file = join(folder, "stuck.json")
    writeFileSync(file, text)
    resetNonceMonitor()
    return allowKeyReuse("every replay has the same seed", () => runCapsule(file, { suite: suite0001, drain }))
  }
  const runSample = (capsule: Capsule): Promise<CapsuleRun> => run(encodeCapsule(capsule))

  it("says what it is about, and ends with 0 where the doctor sees the same", async () => {
    expect(await runSample(capsuleWith([GROUPS["behind"]!]))).toEqual({
      exitCode: 0,
      lines: [
        "written by qpc 0.0.0, member state 4, database 3",
        "profile: healthy",
        "group 1: behind",
        "REPLAYED: the doctor sees the same",
      ],
    })
  })

  it("shows what differs, and ends with 1", async () => {
    const odd = groupWith([{ state: "behind", facts: { epochsAhead: 2 } }], { server: { ahead: 1, isLogShort: false } })
    const { exitCode, lines } = await runSample(capsuleWith([odd]))
    expect(exitCode).toBe(1)
    expect(lines.slice(3, 5)).toEqual([
      "DIFFERENT: the replay led to another state",
      "  groups[0].findings[0].facts.epochsAhead: 2, replayed 1",
    ])
  })

  it("says why a history breaks off, and ends with 1", async () => {
    // Nobody wants a change of a group that is closed.
    const over = groupWith([{ state: "healthy", facts: {} }], {
      isClosed: true,
      pending: { stage: "sending", intents: [{ kind: "rename", attempts: 1 }] },
    })
    const { exitCode, lines } = await runSample(capsuleWith([over]))
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatch(/^BROKEN OFF: no such history could be played: group_refused/)
  })

  it("says what the simulator does not have, and ends with 3", async () => {
    const findings = [{ state: "wrong_password" as const, facts: {} }]
    const { exitCode, lines } = await runSample({ ...capsuleWith([], {}, findings), profile: null })
    expect(exitCode).toBe(3)
    expect(lines.slice(-2)).toEqual([
      "NOT REPLAYED: this cannot be built in the simulator",
      "  wrong_password: the simulator's disks have no password",
    ])
  })

  it.each([
    ["too_large", " ".repeat(CAPSULE_LIMITS.characters + 1)],
    ["too_deep", "[".repeat(1000)],
    ["not_json", "alice's diary"],
    ["unknown_version at capsule", '{"capsule": 7}'],
    ["malformed at versions", '{"capsule": 1}'],
  ])("refuses what is no capsule, with 2: %s", async (what, text) => {
    const { exitCode, lines } = await run(text)
    expect(exitCode).toBe(2)
    expect(lines[0]).toBe(`${join(folder, "stuck.json")}: not a capsule: ${what}`)
    expect(lines.join()).not.toContain("alice")
  })

  it("refuses a file that is not there, with 2", async () => {
    const { exitCode, lines } = await runCapsule(join(folder, "nothing.json"), { suite: suite0001, drain })
    expect([exitCode, lines]).toEqual([2, [`${join(folder, "nothing.json")} cannot be read (ENOENT)`]])
  })
})

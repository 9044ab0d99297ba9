import { expectNonceReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { ran } from "../testing/world.ts"

describe("gbp-node conformance", () => {
  it("reports every item of the checklist over both networks, and what it does not run", async () => {
    const { exitCode, out } = await expectNonceReuse(
      "members of gbp/1 share keys and nonces in item 4",
      async () => await ran(["--json", "conformance", "--seed", "9"]),
    )
    const { sets } = JSON.parse(out) as { sets: { name: string; items: { number: number }[]; why?: string }[] }
    const [simulated, overQuic, ...others] = sets
    for (const set of [simulated, overQuic]) {
      expect(set).toMatchObject({ cases: 8, passed: 8, failed: 0, skipped: 0 })
      expect(set?.items.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    }
    expect(others.length).toBeGreaterThan(0)
    for (const { why } of others) expect(why).toContain("npm run conformance")
    expect(exitCode).toBe(0)
  })

  it.each(["x", "-1", "1.5", "4294967296"])("refuses %s as a seed", async (seed) => {
    expect((await ran(["conformance", `--seed=${seed}`])).exitCode).toBe(2)
  })
})

import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"

describe("a group without a delivery service", () => {
  it("keeps its cipher suite, as nobody says which of two changes is the one", () => {
    const alice = nth(new Mesh(suite0001).group(2, EQUALS))
    alice.send({ kind: "change_suite", suiteId: 3, keyPackages: [] })
    expect(alice.told("refused")).toMatchObject([{ reason: "suite_missing" }])
    expect(alice.member.epoch).toBe(1n)
  })
})

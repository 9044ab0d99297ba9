import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { boundContender } from "./bound-runner.ts"
import { boundOf, countsOf } from "./bounds.ts"
import type { Primitive } from "./bounds.ts"
import { Cases } from "./cases.ts"
import type { OperationName } from "./operations.ts"
import { ours } from "./ours.ts"

type Counts = Partial<Record<Primitive, number>>

const COUNTED: readonly Primitive[] = [
  "hash",
  "mac",
  "extract",
  "expand",
  "aeadSeal",
  "aeadOpen",
  "sign",
  "verify",
  "kemKeyPair",
  "hpkeSeal",
  "hpkeOpen",
]

/** The suite, counting what is asked of it. */
function counting(counts: Counts): CipherSuite {
  const suite: Record<string, unknown> = { ...suite0001 }
  for (const primitive of COUNTED) {
    const call = suite0001[primitive] as (...args: readonly unknown[]) => unknown
    suite[primitive] = (...args: readonly unknown[]): unknown => {
      counts[primitive] = (counts[primitive] ?? 0) + 1
      return call(...args)
    }
  }
  // Verified one by one, so that each is counted.
  delete suite["verifyAll"]
  return suite as unknown as CipherSuite
}

/** What one operation of ours uses in a group of this size, the second time that it is done. */
async function countsOfOurs(operation: OperationName, memberCount: number): Promise<Counts> {
  const counts: Counts = {}
  const cases = new Cases(ours("ours", counting(counts)), memberCount)
  const contender = await cases.contender(operation)
  if (contender === undefined) throw new Error("ours can do all operations")
  let before: Counts = {}
  for (let time = 0; time < 2; time++) {
    await contender.prepare?.(1)
    before = { ...counts }
    await contender.run(1)
  }
  await cases.free()
  return Object.fromEntries(
    COUNTED.map((primitive) => [primitive, (counts[primitive] ?? 0) - (before[primitive] ?? 0)]),
  )
}

function missing(bound: Counts, done: Counts): readonly string[] {
  return COUNTED.filter((primitive) => (done[primitive] ?? 0) < (bound[primitive] ?? 0)).map(
    (primitive) => `${primitive}: ${done[primitive]} of ${bound[primitive]}`,
  )
}

const BOUNDED: readonly OperationName[] = [
  "key_package",
  "create",
  "add_all",
  "add",
  "join",
  "export",
  "remove",
  "update_cold",
  "update_warm",
  "process",
]

/** Those that decide what an operation costs. */
const DEAR: readonly Primitive[] = ["sign", "verify", "kemKeyPair", "hpkeSeal", "hpkeOpen"]
const dear = (counts: Counts): Counts => Object.fromEntries(DEAR.map((one) => [one, counts[one] ?? 0]))

describe.each([2, 10, 32])("the bounds at %i members", (memberCount) => {
  it.each(BOUNDED)(
    "of %s ask for nothing that ours leaves out, and for all that is dear in ours",
    async (operation) => {
      const done = await countsOfOurs(operation, memberCount)
      const bound = countsOf(boundOf(operation, memberCount)!)
      expect(missing(bound, done)).toEqual([])
      expect(dear(done)).toEqual(dear(bound))
    },
  )
})

describe("the bound", () => {
  it("of a join grows with the members, that of a warm update with their logarithm", () => {
    expect(countsOf(boundOf("join", 1000)!).verify).toBe(1001)
    expect(countsOf(boundOf("update_warm", 1000)!).hpkeSeal).toBe(10)
    expect(countsOf(boundOf("update_cold", 1000)!).hpkeSeal).toBe(999)
  })

  it("plays exactly the steps that it is made of", async () => {
    const counts: Counts = {}
    const steps = boundOf("process", 10)!
    const contender = boundContender("bound", counting(counts), steps)
    const prepared = { ...counts }
    await contender.run(1)
    const played = COUNTED.map((one) => [one, (counts[one] ?? 0) - (prepared[one] ?? 0)] as const)
    expect(Object.fromEntries(played.filter(([, count]) => count > 0))).toEqual(countsOf(steps))
  })

  it("of a message or of storing is not made of steps", () => {
    expect([boundOf("protect", 2), boundOf("save", 2)]).toEqual([undefined, undefined])
  })
})

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SignatureCheck } from "../cipher-suite.ts"
import { parallelSuite } from "./parallel-suite.ts"
import { type NodeSuite, suite0001, suites } from "./suites.ts"
import { newXWingSuite } from "./xwing-suite.ts"

const NO_WORKERS = { workers: 0, leastChecks: 1 }
const TWO_WORKERS = { workers: 2, leastChecks: 1, patienceMs: 50 }

/** Valid checks by one key, each of another message and length. */
function checksOf(suite: NodeSuite, count: number): SignatureCheck[] {
  const { publicKey, privateKey } = suite.signatureKeyPair(new Uint8Array(suite.sizes.signatureSeedBytes).fill(7))
  return Array.from({ length: count }, (_, at) => {
    const message = new Uint8Array(at % 70).fill(at)
    return { publicKey, message, signature: suite.sign(privateKey, message) }
  })
}

/** The same checks, wrong at these places, each in another way. */
function spoiled(checks: readonly SignatureCheck[], places: readonly number[]): SignatureCheck[] {
  return checks.map((check, at) => {
    if (!places.includes(at)) return check
    const [first = 0, ...others] = check.signature
    const ways: readonly SignatureCheck[] = [
      { ...check, signature: Uint8Array.of(first ^ 1, ...others) },
      { ...check, message: Uint8Array.of(...check.message, 0) },
      { ...check, publicKey: new Uint8Array(check.publicKey.length) },
      { ...check, signature: new Uint8Array(0) },
    ]
    return ways[at % ways.length]!
  })
}

const oneByOne = (suite: NodeSuite, checks: readonly SignatureCheck[]): number =>
  checks.findIndex(({ publicKey, message, signature }) => !suite.verify(publicKey, message, signature))

describe.each([...suites.values(), newXWingSuite()].map((suite) => [suite.name, suite] as const))(
  "many signatures of %s on several threads",
  (_, suite) => {
    it("are judged as they are one by one, wherever the wrong ones stand", () => {
      using parallel = parallelSuite(suite, TWO_WORKERS)
      const checks = checksOf(suite, 100)
      const places = fc.array(fc.nat(99), { maxLength: 3 })
      fc.assert(
        fc.property(places, fc.integer({ min: 0, max: 100 }), (wrong, count) => {
          const some = spoiled(checks, wrong).slice(0, count)
          expect(parallel.verifyAll(some)).toBe(oneByOne(suite, some))
        }),
        { numRuns: 12 },
      )
    })
  },
)

describe("a suite on several threads", () => {
  const checks = checksOf(suite0001, 600)

  it("leaves work to its threads once they have started", () => {
    let ownCount = 0
    const counting: NodeSuite = { ...suite0001, verify: (...check) => (ownCount++, suite0001.verify(...check)) }
    using parallel = parallelSuite(counting, { ...TWO_WORKERS, patienceMs: 10_000 })
    for (let attempt = 0; attempt < 1000 && (attempt === 0 || ownCount === checks.length); attempt++) {
      ownCount = 0
      expect(parallel.verifyAll(checks)).toBe(-1)
    }
    expect(ownCount).toBeLessThan(checks.length)
  })

  it.each([[[]], [[599]], [[0, 300]]])("answers rightly when its threads end in the middle (wrong: %j)", (wrong) => {
    let ownCount = 0
    const dying: NodeSuite = {
      ...suite0001,
      verify(...check) {
        if (ownCount++ === 20) parallel[Symbol.dispose]()
        return suite0001.verify(...check)
      },
    }
    const parallel = parallelSuite(dying, TWO_WORKERS)
    const some = spoiled(checks, wrong)
    expect(parallel.verifyAll(some)).toBe(oneByOne(suite0001, some))
    expect(parallel.verifyAll(some)).toBe(oneByOne(suite0001, some))
  })

  it("works through more checks than one job holds", () => {
    const many = Array.from({ length: 5000 }, (_, at) => checks[at % checks.length]!)
    const wrong = many.with(4500, { ...checks[0]!, message: Uint8Array.of(1) })
    const parallel = parallelSuite(suite0001, NO_WORKERS)
    expect([parallel.verifyAll(many), parallel.verifyAll(wrong)]).toEqual([-1, 4500])
  })

  it("makes few checks on the caller's thread", () => {
    let ownCount = 0
    const counting: NodeSuite = { ...suite0001, verify: (...check) => (ownCount++, suite0001.verify(...check)) }
    using parallel = parallelSuite(counting, { workers: 1, leastChecks: 100 })
    expect(parallel.verifyAll(checks.slice(0, 99))).toBe(-1)
    expect(ownCount).toBe(99)
  })

  it("does everything else as the suite itself", () => {
    const parallel = parallelSuite(suite0001, NO_WORKERS)
    expect(parallel).toMatchObject({ id: suite0001.id, name: suite0001.name, sizes: suite0001.sizes })
    expect(parallel.hash(Uint8Array.of(1))).toEqual(suite0001.hash(Uint8Array.of(1)))
    expect(parallel.verifyAll([])).toBe(-1)
  })

  it.each([{ workers: -1 }, { workers: 65 }, { workers: 0.5 }, { leastChecks: 0 }, { patienceMs: 0 }])(
    "refuses %j",
    (options) => {
      expect(() => parallelSuite(suite0001, options)).toThrow(RangeError)
    },
  )
})

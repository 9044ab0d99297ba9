import { DecodeError, decodeWhole, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { drawInput } from "./draw-input.ts"
import { FuzzRandom } from "./fuzz-random.ts"
import { runTarget } from "./run-target.ts"
import { decoderTarget } from "./target.ts"
import type { FuzzTarget } from "./target.ts"
import { allTargets } from "./targets.ts"

const sample = encode((writer) => writer.vector(Uint8Array.of(1, 2, 3)))
const rewrite = (bytes: Uint8Array): Uint8Array =>
  encode((writer) => writer.vector(decodeWhole(bytes, (reader) => reader.vector())))
const sound = decoderTarget("sound", [sample], rewrite)
const plan = { seed: 7, first: 0, inputs: 2000 }
const broken = (run: (input: Uint8Array) => boolean): FuzzTarget => ({ name: "broken", samples: [sample], run })

const draw = (seed: number, index: number): Uint8Array => drawInput(new FuzzRandom(seed, index), [sample])

describe("the inputs", () => {
  it("are the same for the same seed and index, and others for others", () => {
    const drawn = [draw(1, 5), draw(1, 5), draw(2, 5), draw(1, 6)]
    expect(drawn[0]).toEqual(drawn[1])
    expect(drawn[0]).not.toEqual(drawn[2])
    expect(drawn[0]).not.toEqual(drawn[3])
  })

  it("are accepted and refused, both often", () => {
    const { inputs, accepted, findings } = runTarget(sound, plan)
    expect({ inputs, findings }).toEqual({ inputs: 2000, findings: [] })
    expect(accepted).toBeGreaterThan(100)
    expect(accepted).toBeLessThan(1900)
  })
})

describe("the laws", () => {
  it("say that a decoder throws nothing but DecodeError", () => {
    const target = decoderTarget("throws", [sample], () => {
      throw new TypeError("no such property")
    })
    const { findings } = runTarget(target, plan)
    expect(findings).toHaveLength(10)
    expect(findings[0]).toMatchObject({ index: 0, because: "TypeError: no such property" })
  })

  it("say that a value has one encoding, and give the input that has a second one again", () => {
    const lax = decoderTarget("lax", [sample], (bytes) => {
      if (bytes.length < 2) throw new DecodeError("truncated", 0)
      return bytes.slice(0, 2)
    })
    const [finding] = runTarget(lax, plan).findings
    expect(finding?.because).toContain("a second encoding")
    const again = runTarget(lax, { ...plan, first: finding?.index ?? -1, inputs: 1 }).findings
    expect(again).toEqual([finding])
  })

  it("say how long an input may take", () => {
    const slow = broken((input) => {
      const endMs = performance.now() + (input.length > 30 ? 3 : 0)
      while (performance.now() < endMs);
      return true
    })
    const { findings } = runTarget(slow, { ...plan, limits: { inputMs: 2 } })
    expect(findings[0]?.because).toMatch(/^takes \d+ ms$/)
    expect(findings[0]?.hex.length).toBeGreaterThan(60)
  })

  it("say how much memory an input may take", () => {
    const kept: Uint8Array[] = []
    const greedy = broken((input) => {
      if (input.length > 30) kept.push(new Uint8Array(20 * 1024 * 1024))
      return true
    })
    const { findings } = runTarget(greedy, { seed: 7, first: 0, inputs: 40, limits: { inputBytes: 16 * 1024 * 1024 } })
    expect(findings[0]?.because).toMatch(/^takes \d+ bytes$/)
    expect(kept.length).toBeGreaterThan(0)
  })
})

describe("every decoder", () => {
  const targets = allTargets()

  it("has a name of its own", () => {
    expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length)
    expect(targets.length).toBeGreaterThan(20)
  })

  it.each(targets.map((target) => [target.name, target] as const))("accepts its samples: %s", (_, target) => {
    expect(target.samples.map((each) => target.run(each))).toEqual(target.samples.map(() => true))
  })

  it.each(targets.map((target) => [target.name, target] as const))(
    "keeps the laws for 2000 inputs: %s",
    (_, target) => {
      expect(runTarget(target, plan).findings).toEqual([])
    },
  )
})

import { nodeRandom } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { exponentOf, medianCost } from "./cost.ts"
import type { Cost } from "./cost.ts"
import { measureSize } from "./measure.ts"
import { draw } from "./picture.ts"
import { curvesOf, writeReport } from "./report.ts"

const NONE: Cost = {
  authorMs: 0,
  receiverMs: 0,
  wireBytes: 0,
  welcomeBytes: 0,
  authorDiskBytes: 0,
  receiverDiskBytes: 0,
}
const costOf = (wireBytes: number): Cost => ({ ...NONE, wireBytes })

describe("a cost", () => {
  it("has the middle one of several measurements, each number by itself", () => {
    const costs = [costOf(5), { ...costOf(1), authorMs: 9 }, costOf(3)]
    expect(medianCost(costs)).toEqual({ ...costOf(3), authorMs: 0 })
  })

  it("grows with the power of the size that its first and last point tell", () => {
    const curve = (first: number, last: number) => ({
      operation: "x",
      points: [
        { size: 10, cost: costOf(first) },
        { size: 1000, cost: costOf(last) },
      ],
    })
    expect(exponentOf(curve(7, 700), "wireBytes")).toBeCloseTo(1)
    expect(exponentOf(curve(7, 70), "wireBytes")).toBeCloseTo(0.5)
    expect(exponentOf(curve(7, 7), "wireBytes")).toBeCloseTo(0)
    expect(exponentOf(curve(0, 7), "wireBytes")).toBeUndefined()
    expect(exponentOf({ operation: "x", points: [{ size: 10, cost: costOf(7) }] }, "wireBytes")).toBeUndefined()
  })
})

describe("a grown group", () => {
  const [small, large] = [measureSize(4, nodeRandom), measureSize(40, nodeRandom)]

  it("has a cost for each operation, in time and in bytes", () => {
    expect([...large.costs.keys()]).toEqual([...small.costs.keys()])
    for (const [operation, cost] of large.costs) {
      expect([operation, cost.wireBytes > 0, cost.authorDiskBytes > 0, cost.receiverDiskBytes > 0]).toEqual([
        operation,
        true,
        true,
        true,
      ])
    }
    expect(large.stateBytes).toBeGreaterThan(small.stateBytes)
  })

  it("pays for its size where it is filled, and not where somebody writes", () => {
    const [few, many] = [small, large].map(({ costs }) => costs)
    const bytesOf = (costs: typeof few, operation: string): number => costs?.get(operation)?.wireBytes ?? 0
    const filling = "fill the group by one commit, and join"
    expect(bytesOf(many, filling)).toBeGreaterThan(4 * bytesOf(few, filling))
    expect(bytesOf(many, "send a text of 100 bytes")).toBe(bytesOf(few, "send a text of 100 bytes"))
  })

  it("is written down with a row for each operation and pictures that the text shows", () => {
    const { text, pictures } = writeReport([small, large], "A machine.")
    for (const operation of large.costs.keys()) expect(text).toContain(`| ${operation} |`)
    for (const file of pictures.keys()) expect(text).toContain(`](${file})`)
    expect(curvesOf([small, large]).map(({ points }) => points.length)).toEqual([...small.costs].map(() => 2))
  })
})

it("a picture puts a number ten times as large one step of its axis higher", () => {
  const points = [10, 100, 1000].map((size) => ({ size, value: size }))
  const svg = draw({ title: "a < b", unit: "B", lines: [{ name: "x & y", points }] })
  const places = /points="(?<places>[^"]*)"/u.exec(svg)?.groups?.["places"]?.split(" ") ?? []
  const [first, second, third] = places.map((place) => place.split(",").map(Number))
  expect(first![1]! - second![1]!).toBeCloseTo(second![1]! - third![1]!)
  expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!)
  expect(svg).toContain("a &lt; b")
  expect(svg).toContain("x &amp; y")
})

import { describe, expect, it } from "vitest"
import { compare, median, rateOf, ratioOf, spreadOf } from "./measure.ts"
import type { Contender, Machine } from "./measure.ts"

/** A machine on which time passes only while a contender works. */
class PlayedMachine implements Machine {
  #nowMs = 0
  readonly log: string[] = []
  readonly nowMs = (): number => this.#nowMs
  readonly collect = (): void => void this.log.push("collect")

  contender(name: string, costMs: number): Contender {
    return {
      name,
      prepare: (count) => {
        this.log.push(`prepare ${name} ${count}`)
        this.#nowMs += 1000
      },
      run: (count) => {
        this.log.push(`run ${name} ${count}`)
        this.#nowMs += count * costMs
      },
    }
  }
}

const plan = { rounds: 3, sliceMs: 100, warmUpMs: 1 }

describe("comparing", () => {
  it("measures operations per second without what preparing takes", async () => {
    const machine = new PlayedMachine()
    const measured = await compare([machine.contender("fast", 1), machine.contender("slow", 4)], plan, machine)
    expect(measured.map(rateOf)).toEqual([1000, 250])
  })

  it("fills a slice with as many operations as the warm-up found to fit", async () => {
    const machine = new PlayedMachine()
    await compare([machine.contender("a", 2), machine.contender("b", 20)], plan, machine)
    expect(machine.log.slice(-2)).toEqual(["collect", "run b 5"])
    expect(machine.log).toContain("run a 50")
  })

  it("runs the contenders in turn, each round starting with the next one", async () => {
    const machine = new PlayedMachine()
    await compare([machine.contender("a", 2), machine.contender("b", 20)], plan, machine)
    const runs = machine.log.filter((entry) => entry.startsWith("run")).slice(-6)
    expect(runs).toEqual(["run a 50", "run b 5", "run b 5", "run a 50", "run a 50", "run b 5"])
  })

  it("collects garbage between preparing and running", async () => {
    const machine = new PlayedMachine()
    await compare([machine.contender("a", 2)], plan, machine)
    expect(machine.log.slice(-3)).toEqual(["prepare a 50", "collect", "run a 50"])
  })

  it("runs an operation that is longer than a slice once", async () => {
    const machine = new PlayedMachine()
    await compare([machine.contender("long", 700)], plan, machine)
    expect(machine.log.at(-1)).toBe("run long 1")
  })

  it("lets slow contenders play one round once the cap is over, and the others on until it is over twice", async () => {
    const machine = new PlayedMachine()
    const { name, run } = machine.contender("short", 2)
    const contenders = [machine.contender("long", 700), { name, run }]
    const roundsOf = async (capMs: number): Promise<number[]> => {
      return (await compare(contenders, { ...plan, capMs }, machine)).map(({ perSecond }) => perSecond.length)
    }
    expect(await roundsOf(1)).toEqual([1, 1])
    expect(await roundsOf(3_000)).toEqual([1, 3])
    expect(await roundsOf(100_000)).toEqual([3, 3])
  })
})

describe("the spread", () => {
  it("is the distance of slowest and fastest over the middle", () => {
    expect(spreadOf({ name: "ours", perSecond: [80, 100, 130] })).toBe(0.5)
  })
})

describe("the ratio of two contenders", () => {
  it("compares rounds, so that a slow moment of the machine does not count", () => {
    const ours = { name: "ours", perSecond: [200, 20, 210] }
    const theirs = { name: "theirs", perSecond: [100, 10, 100] }
    expect(ratioOf(ours, theirs)).toBe(2)
  })

  it("is that of the rounds in which both took part", () => {
    expect(ratioOf({ name: "a", perSecond: [4, 1, 1] }, { name: "b", perSecond: [2] })).toBe(2)
  })
})

describe("the median", () => {
  it.each([
    { values: [3], middle: 3 },
    { values: [10, 9, 100], middle: 10 },
    { values: [4, 1, 3, 2], middle: 2 },
  ])("of $values is $middle", ({ values, middle }) => {
    expect(median(values)).toBe(middle)
  })

  it("of nothing is refused", () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { PlantedTree } from "./planted-tree.ts"

const PLANT = { mls: "protocol/mls/src/planted.ts", server: "server/src/planted.ts" }
let tree: PlantedTree

beforeEach(() => {
  tree = new PlantedTree()
})
afterEach(() => tree[Symbol.dispose]())

describe("the layer check", () => {
  it("reads the whole tree and finds nothing to say about it as it stands", () => {
    const { exitCode, output } = tree.layers()
    expect(output).toMatch(/no dependency violations found \(\d{2,} modules, \d{2,} dependencies cruised\)/)
    expect(exitCode).toBe(0)
  })

  it("refuses a server that imports what can decrypt", () => {
    tree.plant(PLANT.server, 'export { Group } from "@qpc/mls"\n')
    const { exitCode, output } = tree.layers()
    expect(output).toMatch(/layer:server: server\/src\/planted\.ts → .*protocol\/mls/)
    expect(exitCode).not.toBe(0)
  })

  it("refuses a server that reaches what can decrypt through another package, even with a changed layers.json", () => {
    tree.plant("protocol/envelope/src/index.ts", 'export { Group } from "@qpc/mls"\n')
    tree.plant(PLANT.server, 'export { Group } from "@qpc/envelope"\n')
    tree.plant("layers.json", JSON.stringify({ server: ["protocol/envelope"], "protocol/envelope": ["protocol/mls"] }))
    const { exitCode, output } = tree.layers()
    expect(output).toContain("server-cannot-decrypt: server/src/planted.ts")
    expect(exitCode).not.toBe(0)
  })

  it("refuses a protocol package that imports a Node module", () => {
    tree.plant(PLANT.mls, 'export { readFileSync } from "node:fs"\n')
    const { exitCode, output } = tree.layers()
    expect(output).toContain("protocol-has-no-io: protocol/mls/src/planted.ts")
    expect(exitCode).not.toBe(0)
  })

  it.each([
    ["an app that reaches past the sdk", "apps/cli/src/planted.ts", "@qpc/group", "layer:apps/cli"],
    ["an sdk that reaches past the group", "sdk/src/planted.ts", "@qpc/mls", "layer:sdk"],
    ["a lower layer that imports a higher one", "protocol/gbp/src/planted.ts", "@qpc/gtp", "layer:protocol/gbp"],
  ])("refuses %s", (_title, file, imported, rule) => {
    tree.plant(file, `export * from "${imported}"\n`)
    const { exitCode, output } = tree.layers()
    expect(output).toContain(`${rule}: ${file}`)
    expect(exitCode).not.toBe(0)
  })

  it("refuses an import of another package's inner file", () => {
    tree.plant("sdk/src/inner.ts", "export const inner = 1\n")
    tree.plant("apps/cli/src/planted.ts", 'export { inner } from "../../../sdk/src/inner.ts"\n')
    const { exitCode, output } = tree.layers()
    expect(output).toContain("front-door-only: apps/cli/src/planted.ts")
    expect(exitCode).not.toBe(0)
  })

  it("refuses what is made for tests in what is shipped", () => {
    tree.plant("sdk/src/testing/index.ts", "export const inner = 1\n")
    tree.plant("sdk/src/planted.ts", 'export { inner } from "./testing/index.ts"\n')
    const { exitCode, output } = tree.layers()
    expect(output).toContain("no-testing-in-products: sdk/src/planted.ts")
    expect(exitCode).not.toBe(0)
  })
})

describe("the purity check", () => {
  it.each([
    ["the clock", "export const now = (): number => Date.now()\n", "Time comes in as an argument"],
    ["randomness", "export const roll = (): number => Math.random()\n", "Randomness comes in as an argument"],
    ["a timer", "export const later = (f: () => void): void => void setTimeout(f, 1)\n", "No timers in protocol"],
    ["the console", 'export const say = (): void => console.log("x")\n', "No console in protocol"],
    ["a promise", "export async function wait(): Promise<void> {}\n", "no-async-await"],
  ])("refuses a protocol package that uses %s", (_title, source, message) => {
    tree.plant(PLANT.mls, source)
    const { exitCode, output } = tree.lint(PLANT.mls)
    expect(output).toContain(message)
    expect(exitCode).not.toBe(0)
  })
})

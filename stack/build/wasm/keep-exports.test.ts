import { fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { keepExports } from "./keep-exports.ts"
import { readModule } from "./wasm-module.ts"

declare const WebAssembly: {
  instantiate(wasm: Uint8Array): Promise<{ instance: { exports: Record<string, (...args: number[]) => number> } }>
}

function hex(...lines: readonly string[]): Uint8Array {
  return fromHex(lines.join("").replaceAll(" ", ""))
}

/**
 * Written by hand. Functions 0 to 5 are of type 0, () → i32, but for function 4, which is of type 1, () → (). The table holds functions 3
 * and 4. Exports: `direct` (function 0, which calls 1), `indirect` (function 2, which calls the first of the table) and `other` (5).
 */
const MODULE = hex(
  "00 61 73 6d 01 00 00 00",
  "01 08 02  60 00 01 7f  60 00 00", // types
  "03 07 06  00 00 00 00 01 00", // functions
  "04 04 01  70 00 02", // a table of two
  "07 1d 03  06 646972656374 00 00  08 696e646972656374 00 02  05 6f74686572 00 05", // exports
  "09 08 01  00 41 00 0b 02 03 04", // elements
  "0a 21 06  04 00 10 01 0b  04 00 41 07 0b  07 00 41 00 11 00 00 0b  04 00 41 09 0b  03 00 01 0b  04 00 41 05 0b",
)
const TRAP = "00000b"

const bodiesOf = (wasm: Uint8Array): readonly string[] => readModule(wasm).bodies.map(toHex)
const functionsOf = async (wasm: Uint8Array) => (await WebAssembly.instantiate(wasm)).instance.exports

describe("a module of which some exports are kept", () => {
  it("computes the same", async () => {
    const { direct, indirect } = await functionsOf(keepExports(MODULE, ["direct", "indirect"]))
    expect([direct!(), indirect!()]).toEqual([7, 9])
  })

  it("has only those exports", async () => {
    expect(Object.keys(await functionsOf(keepExports(MODULE, ["direct"])))).toEqual(["direct"])
  })

  it("keeps what they call byte for byte, and makes traps of the rest", () => {
    const [direct, called] = bodiesOf(MODULE)
    expect(bodiesOf(keepExports(MODULE, ["direct"]))).toEqual([direct, called, TRAP, TRAP, TRAP, TRAP])
  })

  it("keeps of the table what an indirect call can reach, by its type", () => {
    const [, , indirect, inTable] = bodiesOf(MODULE)
    expect(bodiesOf(keepExports(MODULE, ["indirect"]))).toEqual([TRAP, TRAP, indirect, inTable, TRAP, TRAP])
  })

  it("does not get smaller a second time", () => {
    const once = keepExports(MODULE, ["indirect"])
    expect(keepExports(once, ["indirect"])).toEqual(once)
  })

  it("refuses a name that is no export", () => {
    expect(() => keepExports(MODULE, ["direct", "absent"])).toThrow("does not export")
  })

  it.each([
    ["an instruction that it does not know", "040041050b", "0400d2050b", "unknown instruction: d2"],
    ["elements that it does not know", "09080100", "09080101", "unknown form of elements"],
    ["a start function", "040401700002", "080401700002", "start function"],
  ])("refuses %s", (_, known, unknown, message) => {
    const changed = fromHex(toHex(MODULE).replace(known, unknown))
    expect(() => keepExports(changed, ["other"])).toThrow(message)
  })
})

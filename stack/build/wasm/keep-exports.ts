import { callsOf } from "./calls.ts"
import { readModule, writeModule, type WasmModule } from "./wasm-module.ts"

const FUNCTION = 0
const MEMORY = 2
/** No locals, `unreachable`, `end`: whoever calls it anyway gets a WebAssembly.RuntimeError. */
const TRAP = Uint8Array.of(0x00, 0x00, 0x0b)

/**
 * Takes out of a module what the named functions do not need: the other exports, and the bodies of functions that nothing calls any
 * more, each of which becomes a trap. Everything that stays is the same byte for byte, the numbers of functions, the table and the
 * data included, so nothing can compute anything else than before: a function is as it was published, or it stops.
 *
 * @throws Error for a name that the module does not export, and for what it does not know of WebAssembly
 */
export function keepExports(wasm: Uint8Array, names: readonly string[]): Uint8Array {
  const module = readModule(wasm)
  const kept = module.exports.filter(({ kind, name }) => kind === MEMORY || names.includes(name))
  const roots = kept.flatMap(({ kind, index }) => (kind === FUNCTION ? [index] : []))
  if (roots.length !== names.length) throw new Error("the module does not export all functions that are to be kept")
  const reachable = reachableFrom(module, roots)
  const bodies = module.bodies.map((body, at) => (reachable.has(module.importCount + at) ? body : TRAP))
  return writeModule(module, { exports: kept, bodies })
}

/** All functions that can run when `roots` are called. */
function reachableFrom(module: WasmModule, roots: readonly number[]): ReadonlySet<number> {
  const [reachable, signatures, waiting] = [new Set<number>(), new Set<string>(), [...roots]]
  for (;;) {
    const next =
      waiting.pop() ?? module.table.find((index) => !reachable.has(index) && isMeant(module, index, signatures))
    if (next === undefined) return reachable
    if (reachable.has(next)) continue
    reachable.add(next)
    const body = module.bodies[next - module.importCount]
    if (body === undefined) continue // imported
    const { functions, types } = callsOf(body)
    waiting.push(...functions)
    for (const type of types) signatures.add(module.types[type]!)
  }
}

/** An indirect call reaches any function of the table that has the call's signature, and traps at the others. */
function isMeant(module: WasmModule, index: number, signatures: ReadonlySet<string>): boolean {
  return signatures.has(module.functions[index]!)
}

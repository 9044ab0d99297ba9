import { concatBytes, decodeWhole, fromUtf8, Reader, toHex, toUtf8 } from "@qpc/wire"
import { items, readItems, readSized, readUnsigned, sized, skipNumber, unsigned } from "./leb128.ts"

const HEADER_BYTES = 8
/** Sections by their numbers (WebAssembly §5.5.2). */
const SECTION = { type: 1, import: 2, function: 3, export: 7, start: 8, element: 9, code: 10 } as const
const FUNCTION = 0
const I32_CONST = 0x41
const END = 0x0b

interface Section {
  readonly id: number
  readonly bytes: Uint8Array
}

/** Something that a module hands out. Functions are of kind 0. */
interface WasmExport {
  readonly name: string
  readonly kind: number
  readonly index: number
}

/** What says who calls whom in a module, and what can be replaced in it. All arrays are views. */
export interface WasmModule {
  readonly header: Uint8Array
  readonly sections: readonly Section[]
  /** Signatures by type index; two that look the same are the same to an indirect call. */
  readonly types: readonly string[]
  /** Signatures of all functions, imported ones first. */
  readonly functions: readonly string[]
  readonly importCount: number
  readonly exports: readonly WasmExport[]
  /** Indices of the functions that indirect calls can reach. */
  readonly table: readonly number[]
  /** Bodies of the functions that are not imported. */
  readonly bodies: readonly Uint8Array[]
}

/** @throws Error for what compilers of libsodium have not made so far: a start function, or imports that are no functions */
export function readModule(wasm: Uint8Array): WasmModule {
  const reader = new Reader(wasm)
  const header = reader.bytes(HEADER_BYTES)
  const sections: Section[] = []
  while (reader.remainingBytes > 0) sections.push({ id: reader.uint8(), bytes: readSized(reader) })

  const list = <T>(id: number, readItem: (reader: Reader) => T): T[] => {
    const found = sections.find((section) => section.id === id)
    return found === undefined ? [] : decodeWhole(found.bytes, (inside) => readItems(inside, readItem))
  }
  if (sections.some(({ id }) => id === SECTION.start)) throw new Error("a start function would have to be kept")

  const types = list(SECTION.type, readType)
  const imported = list(SECTION.import, readImport)
  return {
    header,
    sections,
    types,
    functions: [...imported, ...list(SECTION.function, readUnsigned)].map((type) => types[type]!),
    importCount: imported.length,
    exports: list(SECTION.export, readExport),
    table: list(SECTION.element, readElements).flat(),
    bodies: list(SECTION.code, readSized),
  }
}

/** The module with other exports and other bodies, as many as before. All its other sections stay as they are, byte for byte. */
export function writeModule(
  module: WasmModule,
  { exports, bodies }: Pick<WasmModule, "exports" | "bodies">,
): Uint8Array {
  const replaced = new Map([
    [SECTION.export as number, items(exports.map(writeExport))],
    [SECTION.code as number, items(bodies.map(sized))],
  ])
  const sections = module.sections.map(({ id, bytes }) =>
    concatBytes(Uint8Array.of(id), sized(replaced.get(id) ?? bytes)),
  )
  return concatBytes(module.header, ...sections)
}

function readType(reader: Reader): string {
  const start = reader.offset
  reader.uint8()
  readSized(reader)
  readSized(reader)
  return toHex(reader.since(start))
}

function readImport(reader: Reader): number {
  readSized(reader)
  readSized(reader)
  if (reader.uint8() !== FUNCTION) throw new Error("only functions are expected to be imported")
  return readUnsigned(reader)
}

function readExport(reader: Reader): WasmExport {
  const name = fromUtf8(readSized(reader))
  if (name === undefined) throw new Error("the name of an export is no text")
  return { name, kind: reader.uint8(), index: readUnsigned(reader) }
}

function writeExport({ name, kind, index }: WasmExport): Uint8Array {
  return concatBytes(sized(toUtf8(name)), Uint8Array.of(kind), unsigned(index))
}

/** Function indices that are put into the one table from a constant place on (WebAssembly §5.5.12, the first form). */
function readElements(reader: Reader): number[] {
  if (reader.uint8() !== 0 || reader.uint8() !== I32_CONST) throw new Error("an unknown form of elements")
  skipNumber(reader)
  if (reader.uint8() !== END) throw new Error("an unknown place of elements")
  return readItems(reader, readUnsigned)
}

import { decodeWhole, type Reader } from "@qpc/wire"
import { readItems, readUnsigned, skipNumber } from "./leb128.ts"

/** What a function calls. */
export interface Calls {
  readonly functions: ReadonlySet<number>
  /** Type indices of its indirect calls: any function of the table that has such a type can be meant. */
  readonly types: ReadonlySet<number>
}

type Skip = (reader: Reader) => void

const CALL = 0x10
const CALL_INDIRECT = 0x11
/** Instructions of two bytes or more: conversions that saturate, and those on large parts of memory. */
const PREFIX = 0xfc

const nothing: Skip = () => undefined
const index: Skip = (reader) => void readUnsigned(reader)
const twoIndices: Skip = (reader) => {
  readUnsigned(reader)
  readUnsigned(reader)
}
const fourBytes: Skip = (reader) => void reader.bytes(4)
const eightBytes: Skip = (reader) => void reader.bytes(8)
const branchTable: Skip = (reader) => {
  readItems(reader, readUnsigned)
  readUnsigned(reader)
}

/** What follows an instruction, from the first to the last of each range (WebAssembly §5.4). */
const OPERANDS: readonly (readonly [first: number, last: number, skip: Skip])[] = [
  [0x00, 0x01, nothing], // unreachable, nop
  [0x02, 0x04, skipNumber], // block, loop, if
  [0x05, 0x05, nothing], // else
  [0x0b, 0x0b, nothing], // end
  [0x0c, 0x0d, index], // br, br_if
  [0x0e, 0x0e, branchTable], // br_table
  [0x0f, 0x0f, nothing], // return
  [0x1a, 0x1b, nothing], // drop, select
  [0x20, 0x24, index], // local.get to global.set
  [0x28, 0x3e, twoIndices], // loads and stores
  [0x3f, 0x40, index], // memory.size, memory.grow
  [0x41, 0x42, skipNumber], // i32.const, i64.const
  [0x43, 0x43, fourBytes], // f32.const
  [0x44, 0x44, eightBytes], // f64.const
  [0x45, 0xc4, nothing], // arithmetic
]

/** The same for what follows {@link PREFIX}. */
const PREFIXED_OPERANDS: typeof OPERANDS = [
  [0, 7, nothing], // conversions that saturate
  [8, 8, twoIndices], // memory.init
  [9, 9, index], // data.drop
  [10, 10, twoIndices], // memory.copy
  [11, 11, index], // memory.fill
]

/**
 * Reads the body of a function.
 *
 * @throws Error for an instruction that is not in the tables above: what it calls would be missed
 */
export function callsOf(body: Uint8Array): Calls {
  const [functions, types] = [new Set<number>(), new Set<number>()]
  decodeWhole(body, (reader) => {
    readItems(reader, skipLocals)
    while (reader.remainingBytes > 0) {
      const instruction = reader.uint8()
      if (instruction === CALL) functions.add(readUnsigned(reader))
      else if (instruction === CALL_INDIRECT) types.add(readTypeOfTable(reader))
      else if (instruction === PREFIX) skipOperands(PREFIXED_OPERANDS, readUnsigned(reader), reader)
      else skipOperands(OPERANDS, instruction, reader)
    }
  })
  return { functions, types }
}

function skipOperands(operands: typeof OPERANDS, instruction: number, reader: Reader): void {
  const found = operands.find(([first, last]) => first <= instruction && instruction <= last)
  if (found === undefined) throw new Error(`an unknown instruction: ${instruction.toString(16)}`)
  found[2](reader)
}

/** The type of an indirect call. The table comes after it, of which there is one. */
function readTypeOfTable(reader: Reader): number {
  const type = readUnsigned(reader)
  readUnsigned(reader)
  return type
}

/** How many locals there are of a type, and the type. */
function skipLocals(reader: Reader): void {
  readUnsigned(reader)
  reader.uint8()
}

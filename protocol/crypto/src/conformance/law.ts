import { equalBytes, toHex } from "@qpc/wire"
import { refuses } from "../vectors/tally.ts"

/** Registers a behaviour with a test runner; vitest's `it` is one. */
export type Register = (behaviour: string, check: () => void) => void

/** @throws Error with `message` unless `fact` holds */
export function ensure(fact: boolean, message: string): void {
  if (!fact) throw new Error(message)
}

/** @throws Error naming `what` and both values unless the bytes are equal. For test values: it prints them. */
export function ensureEqual(actual: Uint8Array | undefined, expected: Uint8Array | undefined, what: string): void {
  const isEqual = actual && expected ? equalBytes(actual, expected) : actual === expected
  ensure(isEqual, `${what}: expected ${textOf(expected)}, got ${textOf(actual)}`)
}

/** @throws Error unless `call` throws a RangeError */
export function ensureRangeError(what: string, call: () => unknown): void {
  ensure(refuses(call), `${what} is not refused with a RangeError`)
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes ? toHex(bytes) : "undefined"
}

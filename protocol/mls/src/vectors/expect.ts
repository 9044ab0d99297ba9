import { toHex } from "@qpc/wire"

/** Fails the case unless `actual` is these bytes. */
export function expectHex(what: string, actual: Uint8Array | undefined, expected: string): void {
  const found = actual === undefined ? "nothing" : toHex(actual)
  if (found !== expected) throw new Error(`${what} is ${found}, expected ${expected}`)
}

/** Fails the case unless `actual` equals `expected`, compared as JSON. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (found !== wanted) throw new Error(`${what} is ${found}, expected ${wanted}`)
}

/** Fails the case unless `condition` holds. */
export function expectTrue(what: string, condition: boolean): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

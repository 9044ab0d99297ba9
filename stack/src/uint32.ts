const UINT32_MAX = 0xffff_ffff

/** @throws RangeError unless the number has 32 bits */
export function assertUint32(value: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw new RangeError(`${what} is an integer from 0 to ${UINT32_MAX}, not ${value}`)
  }
}

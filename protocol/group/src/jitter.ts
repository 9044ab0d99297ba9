import type { Random } from "@qpc/wire"

/** Whole milliseconds below `boundMs`, drawn evenly. */
export function jitterMs(random: Random, boundMs: number): number {
  const bytes = random(4)
  const word = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  return Math.floor((word / 2 ** 32) * boundMs)
}

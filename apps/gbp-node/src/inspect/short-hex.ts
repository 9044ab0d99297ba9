import { toHex } from "@qpc/wire"

const SHOWN_BYTES = 16

/** Hex of up to sixteen bytes; of more, the first eight and how many there are. */
export function shortHex(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return bytes.length === 0 ? "(empty)" : toHex(bytes)
  return `${toHex(bytes.subarray(0, 8))}… (${bytes.length} bytes)`
}

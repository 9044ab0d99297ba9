import type { Connection } from "../connection.ts"

/** Bytes that depend on their position, so that a loss, a repetition or a swap shows. */
export function patternBytes(lengthBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  let state = (seed * 2_654_435_761 + 1) >>> 0
  for (let i = 0; i < lengthBytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** Everything that arrives until the peer finishes. The chunks are joined at the end only, as a slow reader would. */
export async function readAll(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of connection.incoming) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The next `lengthBytes`, read with `reader`, which stays open. */
export async function readSome(reader: AsyncIterator<Uint8Array>, lengthBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let gotBytes = 0
  while (gotBytes < lengthBytes) {
    const result = await reader.next()
    if (result.done === true) throw new Error(`ended after ${gotBytes} of ${lengthBytes} bytes`)
    chunks.push(result.value)
    gotBytes += result.value.length
  }
  return Buffer.concat(chunks)
}

/** Writes `bytes` in pieces of `chunkBytes`, one after the other, and finishes. */
export async function writeAll(connection: Connection, bytes: Uint8Array, chunkBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) await connection.write(bytes.slice(at, at + chunkBytes))
  await connection.finish()
}

/** Compares long byte strings without printing them. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  if (Buffer.compare(a, b) === 0) return undefined
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i
  return undefined
}

/**
 * The value at which `sample` comes to rest. A stalled writer makes no event to wait for: this one looks until nothing
 * changed for `quietMs`.
 */
export async function restingValue(sample: () => number, quietMs: number): Promise<number> {
  let value = sample()
  let sinceMs = performance.now()
  while (performance.now() - sinceMs < quietMs) {
    await new Promise<void>((resolve) => setTimeout(resolve, 10))
    if (sample() === value) continue
    value = sample()
    sinceMs = performance.now()
  }
  return value
}

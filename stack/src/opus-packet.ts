const SAMPLES_PER_MS = 48
const FRAMES_MASK = 0x3f

/**
 * How long a packet plays, in samples at 48 kHz, as its first bytes say (RFC 6716 §3.1); `undefined` for bytes that
 * cannot begin one. Looks at no more than two bytes: a decoder may still refuse the rest.
 */
export function opusSamples(packet: Uint8Array): number | undefined {
  const [toc, count] = packet
  if (toc === undefined) return undefined
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) < 3 ? 2 : count === undefined ? 0 : count & FRAMES_MASK
  return frames === 0 ? undefined : frames * frameMs(toc >>> 3) * SAMPLES_PER_MS
}

/** Length of one frame for each of the 32 configurations (RFC 6716 §3.1, table 2). */
function frameMs(configuration: number): number {
  if (configuration < 12) return [10, 20, 40, 60][configuration & 3]!
  if (configuration < 16) return [10, 20][configuration & 1]!
  return [2.5, 5, 10, 20][configuration & 3]!
}

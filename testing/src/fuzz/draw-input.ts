import { concatBytes } from "@qpc/wire"
import type { FuzzRandom } from "./fuzz-random.ts"

const USUAL_BYTES = 64
const LONG_BYTES = 4096
const LARGEST_BYTES = 65_536

/** Values that lengths, tags, counts and signs care about. */
const TELLING = [0, 1, 2, 3, 0x17, 0x18, 0x1f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff]

/** Lengths as CBOR, MLS and Protobuf write them: right, one too many, in a longer form than needed, and absurd. */
const LENGTHS: readonly (readonly number[])[] = [
  [0x3f],
  [0x40, 0x01],
  [0x7f, 0xff],
  [0x80, 0x00, 0x00, 0x01],
  [0xbf, 0xff, 0xff, 0xff],
  [0x58, 0xff],
  [0x59, 0xff, 0xff],
  [0x5a, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9a, 0x7f, 0xff, 0xff, 0xff],
  [0xbf],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
]

type Edit = (bytes: Uint8Array, random: FuzzRandom, samples: readonly Uint8Array[]) => Uint8Array

const EDITS: readonly Edit[] = [
  (bytes, random) => change(bytes, random, (old) => old ^ (1 << random.below(8))),
  (bytes, random) => change(bytes, random, () => random.pick(TELLING)),
  (bytes, random) => change(bytes, random, (old) => old + (random.below(2) === 0 ? 1 : -1)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  (bytes, random) => concatBytes(bytes, random.bytes(1 + random.below(8))),
  overwriteLength,
  insertLength,
  removePiece,
  repeatPiece,
  splice,
]

/**
 * An input for a decoder: mostly a valid encoding with one to three edits that its structure makes telling (bits, lengths,
 * cuts, pieces removed, repeated or taken from another encoding), else random bytes, rarely a valid encoding as it is.
 */
export function drawInput(random: FuzzRandom, samples: readonly Uint8Array[]): Uint8Array {
  const how = random.below(16)
  if (how < 2 || samples.length === 0) {
    return random.bytes(random.below(random.below(64) === 0 ? LONG_BYTES : USUAL_BYTES))
  }
  let input: Uint8Array = random.pick(samples).slice()
  const edits = how === 2 ? random.below(2) : 1 + random.below(3)
  for (let count = 0; count < edits; count++) input = random.pick(EDITS)(input, random, samples)
  return input.subarray(0, LARGEST_BYTES)
}

function change(bytes: Uint8Array, random: FuzzRandom, to: (old: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes
  const at = random.below(bytes.length)
  return bytes.with(at, to(bytes[at] ?? 0))
}

function overwriteLength(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length)
  const length = Uint8Array.from(random.pick(LENGTHS))
  return concatBytes(bytes.subarray(0, at), length, bytes.subarray(at + length.length))
}

function insertLength(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length)
  return concatBytes(bytes.subarray(0, at), Uint8Array.from(random.pick(LENGTHS)), bytes.subarray(at))
}

function removePiece(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length)
  return concatBytes(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(32)))
}

function repeatPiece(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length)
  const end = at + 1 + random.below(64)
  return concatBytes(bytes.subarray(0, end), bytes.subarray(at))
}

function splice(bytes: Uint8Array, random: FuzzRandom, samples: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(samples)
  return concatBytes(bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length)))
}

import { concatBytes } from "@qpc/wire"
import type { FuzzRandom } from "../fuzz/fuzz-random.ts"

/** Where a field, a key or a head lies in a message. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** One way to spoil a part. */
export interface Mutation {
  readonly name: string
  /** The whole message, with the part spoiled. */
  readonly of: (bytes: Uint8Array, part: Part, random: FuzzRandom) => Uint8Array
}

type Change = (part: Uint8Array, random: FuzzRandom) => Uint8Array

const NOTHING = new Uint8Array(0)
const inPart = (name: string, change: Change): Mutation => ({
  name,
  of: (bytes, { start, end }, random) =>
    concatBytes(bytes.subarray(0, start), change(bytes.slice(start, end), random), bytes.subarray(end)),
})
const at = (name: string, index: 0 | -1, change: (old: number) => number): Mutation =>
  inPart(name, (part) => (part.length === 0 ? part : part.with(index, change(part.at(index)!) & 0xff)))

/** Twenty ways, the same for every part of every message; what is random in them comes from a seed. */
export const MUTATIONS: readonly Mutation[] = [
  at("its lowest first bit flipped", 0, (old) => old ^ 0x01),
  at("its highest first bit flipped", 0, (old) => old ^ 0x80),
  at("its lowest last bit flipped", -1, (old) => old ^ 0x01),
  at("its highest last bit flipped", -1, (old) => old ^ 0x80),
  at("its first byte 0", 0, () => 0),
  at("its first byte 255", 0, () => 0xff),
  at("its first byte one more", 0, (old) => old + 1),
  at("its first byte one less", 0, (old) => old - 1),
  at("its type another", 0, (old) => old ^ 0x20),
  inPart("nothing but zeros", (part) => part.fill(0)),
  inPart("nothing but ones", (part) => part.fill(0xff)),
  inPart("random bytes", (part, random) => random.bytes(part.length)),
  inPart("nothing at all", () => NOTHING),
  inPart("itself twice", (part) => concatBytes(part, part)),
  inPart("no last byte", (part) => part.subarray(0, -1)),
  inPart("a zero before it", (part) => concatBytes(Uint8Array.of(0), part)),
  inPart("one random byte inserted", (part, random) => {
    const where = random.below(part.length + 1)
    return concatBytes(part.subarray(0, where), random.bytes(1), part.subarray(where))
  }),
  inPart("a length of 2^53 − 1 in it", () => Uint8Array.of(0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  inPart("a hundred nested lists in it", () => new Uint8Array(100).fill(0x81)),
  { name: "the message cut off behind it", of: (bytes, { end }) => bytes.slice(0, end) },
]

/** The parts of a message whose bytes were written down piece by piece. */
export function partsOf(hexParts: readonly (readonly [string, string])[]): readonly Part[] {
  let start = 0
  return hexParts.map(([hex]) => {
    const part = { start, end: start + hex.length / 2 }
    start = part.end
    return part
  })
}

/** The parts of a CBOR map without maps in it: its head, its keys and its values. */
export function partsOfMap(bytes: Uint8Array): readonly Part[] {
  const parts: Part[] = []
  for (let start = 0; start < bytes.length; start = parts.at(-1)!.end)
    parts.push({ start, end: endOfItem(bytes, start) })
  return parts
}

/** Where a CBOR item of up to 2^32 − 1 bytes ends (RFC 8949 §3); of a map, only its head. */
function endOfItem(bytes: Uint8Array, start: number): number {
  const [type, detail] = [bytes[start]! >> 5, bytes[start]! & 0x1f]
  const lengthBytes = detail < 24 ? 0 : 2 ** (detail - 24)
  const head = start + 1 + lengthBytes
  if (type !== 2 && type !== 3) return head
  const length = lengthBytes === 0 ? detail : bytes.subarray(start + 1, head).reduce((sum, byte) => sum * 256 + byte, 0)
  return head + length
}

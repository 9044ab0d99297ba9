import { decodeVarint, decodeWhole, DecodeError, encode, encodeVarint, readList, VARINT_MAX } from "@qpc/wire"
import type { Reader } from "@qpc/wire"

/** From this number on the frames of a sender are of this epoch, up to the next run. */
export interface NumberRun {
  readonly epoch: bigint
  readonly first: number
}

/**
 * What a frame says of the other frames of its sender, so that whoever lacks one can name it. `sequence` cannot: it begins anew with
 * each epoch, and nothing tells how far it had come in the one before.
 */
export interface StreamNumbers {
  /** Of this frame: from 1, going on over all epochs that its sender is in the group. */
  readonly number: number
  /** The first epoch in which the sender counted: a device that comes into the group again begins again. */
  readonly since: bigint
  /** Newest first; the first is the frame's own epoch. What is before the last has no epoch named. */
  readonly runs: readonly NumberRun[]
  /** Numbers below this one that their sender gave up: nobody is to wait for them. Ascending. */
  readonly voids: readonly number[]
}

/** Runs that a frame may name. */
const RUNS_MAX = 16
/** Numbers that a frame may give up. */
const VOIDS_MAX = 64
const VARINT_MAX_BYTES = 4
const RUNS_BYTES = RUNS_MAX * 2 * VARINT_MAX_BYTES
const VOIDS_BYTES = VOIDS_MAX * VARINT_MAX_BYTES
/** The longest encoding. */
export const NUMBERS_MAX_BYTES: number = 4 * VARINT_MAX_BYTES + RUNS_BYTES + VOIDS_BYTES
/** The largest number, and the last epoch, that can be named; a sender who gets there goes on without numbers. */
export const NUMBER_MAX: number = VARINT_MAX

/**
 * Writes number · since · runs (list of epoch · first) · voids (list), each a varint (RFC 9420 §2.1.2): six bytes for most texts.
 *
 * @throws RangeError beyond {@link NUMBER_MAX}
 */
export function encodeNumbers({ number, since, runs, voids }: StreamNumbers): Uint8Array {
  return encode((writer) => {
    writer.bytes(encodeVarint(number)).bytes(encodeVarint(Number(since)))
    writer.list(runs, (inner, { epoch, first }) => {
      inner.bytes(encodeVarint(Number(epoch))).bytes(encodeVarint(first))
    })
    writer.list(voids, (inner, one) => inner.bytes(encodeVarint(one)))
  })
}

/** @throws DecodeError `bad_value` for what contradicts itself */
export function decodeNumbers(bytes: Uint8Array): StreamNumbers {
  return decodeWhole(bytes, (reader) => {
    const numbers: StreamNumbers = {
      number: decodeVarint(reader),
      since: BigInt(decodeVarint(reader)),
      runs: readList(reader, readRun, RUNS_BYTES),
      voids: readList(reader, decodeVarint, VOIDS_BYTES),
    }
    if (!isPossible(numbers)) throw new DecodeError("bad_value", 0)
    return numbers
  })
}

function readRun(reader: Reader): NumberRun {
  return { epoch: BigInt(decodeVarint(reader)), first: decodeVarint(reader) }
}

function isPossible({ number, since, runs, voids }: StreamNumbers): boolean {
  const [newest, oldest] = [runs.at(0), runs.at(-1)]
  if (newest === undefined || oldest === undefined) return false
  if (newest.first > number || oldest.first < 1 || oldest.epoch < since) return false
  const areRuns = runs.every((run, at) => {
    const newer = runs[at - 1]
    return newer === undefined || (run.epoch < newer.epoch && run.first < newer.first)
  })
  const areVoids = voids.every((one, at) => one > (voids[at - 1] ?? 0) && one < number)
  return areRuns && areVoids
}

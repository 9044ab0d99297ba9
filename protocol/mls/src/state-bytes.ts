import { decodeWhole, DecodeError, encode, readRecords, writeRecords } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import type { Surroundings } from "./restore-state.ts"
import { stateFromRecords } from "./state-from-records.ts"
import { readStateV1 } from "./state-v1.ts"
import { STATE_VERSION, StateVersionError } from "./state-version.ts"

/** The whole state as one byte string: version u8 · suite u16 · its records. */
export function encodeState({ suite, records }: GroupState): Uint8Array {
  return encode((writer) => {
    writer.uint8(STATE_VERSION).uint16(suite.id)
    writeRecords(writer, records.snapshot())
  })
}

/**
 * Reads what {@link encodeState} writes, and wrote in any version. Copies.
 *
 * @throws StateVersionError for a version of newer software
 * @throws DecodeError `reserved_value` for no version at all, `bad_value` for another suite or parts that do not fit together
 */
export function decodeState(surroundings: Surroundings, bytes: Uint8Array): GroupState {
  return decodeWhole(bytes, (reader) => {
    const read = readerOf(reader.uint8())
    if (reader.uint16() !== surroundings.suite.id) throw new DecodeError("bad_value", 1)
    return read(reader, surroundings)
  })
}

function readerOf(version: number): (reader: Reader, surroundings: Surroundings) => GroupState {
  if (version > STATE_VERSION) throw new StateVersionError(version)
  if (version === 1) return readStateV1
  if (version !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
  return (reader, surroundings) => {
    const state = stateFromRecords(surroundings, readRecords(reader))
    // A snapshot may come from anywhere: what the store has, nobody knows.
    state.records.oweAll()
    return state
  }
}

import { decodeWhole, DecodeError, Reader, readRecords } from "@qpc/wire"
import type { Writer } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import type { Surroundings } from "./restore-state.ts"
import { decodeSnapshot, encodeSnapshot } from "./snapshot.ts"
import { stateFromRecords } from "./state-from-records.ts"
import { readStateV1 } from "./state-v1.ts"
import { SNAPSHOT_VERSION, StateVersionError } from "./state-version.ts"

/** The whole state as one byte string: version u8 · suite u16 · a snapshot. */
export function encodeState(state: GroupState): Uint8Array {
  return encodeSnapshot(state, (writer: Writer) => writer.uint8(SNAPSHOT_VERSION).uint16(state.suite.id))
}

/**
 * Reads what {@link encodeState} writes, and wrote in any version. Copies.
 *
 * @throws StateVersionError for a version of newer software
 * @throws DecodeError `reserved_value` for no version at all, `bad_value` for another suite or parts that do not fit together
 */
export function decodeState(surroundings: Surroundings, bytes: Uint8Array): GroupState {
  const reader = new Reader(bytes)
  const version = reader.uint8()
  if (version > SNAPSHOT_VERSION) throw new StateVersionError(version, SNAPSHOT_VERSION)
  if (version === 0) throw new DecodeError("reserved_value", 0)
  if (reader.uint16() !== surroundings.suite.id) throw new DecodeError("bad_value", 1)
  if (version === SNAPSHOT_VERSION) return decodeSnapshot(surroundings, bytes, reader.offset)
  const body = bytes.subarray(reader.offset)
  return decodeWhole(body, (inner) =>
    version === 1 ? readStateV1(inner, surroundings) : readStateV2(inner, surroundings),
  )
}

/** Version 2 was made of all records, which their keys put in order. Nothing writes it any more. */
function readStateV2(reader: Reader, surroundings: Surroundings): GroupState {
  const state = stateFromRecords(surroundings, readRecords(reader))
  // A snapshot may come from anywhere: what the store has, nobody knows.
  state.records.oweAll()
  return state
}

import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DEVICE_KEY_BYTES, encode, equalBytes, Reader, readRecords, writeRecords } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import type { MemberRecords } from "./member-records.ts"
import type { MemberState } from "./member-state.ts"
import { GroupStateError } from "./state-error.ts"
import { readStateV2 } from "./state-v2.ts"
import type { StateV2 } from "./state-v2.ts"
import { FIRST_RECORDS_VERSION, STATE_VERSION } from "./state-version.ts"

/** A snapshot of versions 3 to 5: the MLS group, and the records of all that is around it. Borrowed. */
export interface StateRecords {
  readonly kind: "records"
  readonly groupBytes: Uint8Array
  readonly layers: readonly StateRecord[]
}

/**
 * Writes version u8 = 5 · suite u16 · device key · MLS group<V> · records<V> · hash of all this. The hash is against a damaged
 * disk, not against people: whoever can write here has the keys.
 */
export function encodeState({ suite, device, group }: MemberState, records: MemberRecords): Uint8Array {
  return encode((writer) => {
    writer.uint8(STATE_VERSION).uint16(suite.id).bytes(device).vector(group.toBytes())
    writeRecords(writer, records.snapshot())
    writer.bytes(suite.hash(writer.view()))
  })
}

/** The MLS group in what {@link encodeState} wrote, as a view, for whoever lacks its suite: nothing is checked. @throws DecodeError */
export function groupBytesIn(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes)
  reader.uint8()
  reader.uint16()
  reader.bytes(DEVICE_KEY_BYTES)
  return reader.vector()
}

/** Checks which device's state this is, and that it is whole. @throws GroupStateError @throws DecodeError */
export function openState(suite: CipherSuite, bytes: Uint8Array, device: Uint8Array): StateV2 | StateRecords {
  const bodyBytes = bytes.length - suite.sizes.hashBytes
  const [version = STATE_VERSION] = bytes
  if (version < 1 || version > STATE_VERSION) throw new GroupStateError("unknown_version")
  if (bodyBytes < 0 || !equalBytes(suite.hash(bytes.subarray(0, bodyBytes)), bytes.subarray(bodyBytes))) {
    throw new GroupStateError("corrupt")
  }
  return decodeWhole(bytes.subarray(0, bodyBytes), (reader) => {
    reader.uint8()
    const isOurs = reader.uint16() === suite.id && equalBytes(reader.bytes(DEVICE_KEY_BYTES), device)
    if (!isOurs) throw new GroupStateError("wrong_identity")
    return version >= FIRST_RECORDS_VERSION ? readStateRecords(reader) : readStateV2(version, reader)
  })
}

function readStateRecords(reader: Reader): StateRecords {
  return { kind: "records", groupBytes: reader.vector(), layers: readRecords(reader) }
}

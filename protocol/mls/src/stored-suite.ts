import { DecodeError, Reader, RecordReader } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import { KEYS } from "./state-records.ts"
import { RECORDS_VERSION, SNAPSHOT_VERSION, StateVersionError } from "./state-version.ts"

/**
 * The id of the cipher suite that the records of a group say they are of, for whoever cannot wake it without that suite. Nothing is
 * checked: what follows from it has to be said elsewhere too.
 *
 * @throws StateVersionError for records of newer software
 * @throws DecodeError if there is nothing that says it
 */
export function suiteIdOfRecords(records: Iterable<StateRecord>): number {
  return suiteIdIn(new RecordReader(records).take(KEYS.state), RECORDS_VERSION)
}

/** The same of one piece, as {@link Group.toBytes} writes it. @throws as {@link suiteIdOfRecords} */
export function suiteIdOfBytes(bytes: Uint8Array): number {
  return suiteIdIn(bytes, SNAPSHOT_VERSION)
}

/** Both begin with version u8 · suite u16. */
function suiteIdIn(bytes: Uint8Array, newestVersion: number): number {
  const reader = new Reader(bytes)
  const version = reader.uint8()
  if (version > newestVersion) throw new StateVersionError(version, newestVersion)
  if (version === 0) throw new DecodeError("reserved_value", 0)
  return reader.uint16()
}

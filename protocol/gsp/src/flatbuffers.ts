/** GSP signals in FlatBuffers. Their arguments are CBOR all the same. @module */
import { checkFlatTable } from "@qpc/wire"
import type { FlatField } from "@qpc/wire"
import { Builder, ByteBuffer } from "flatbuffers"
import { GspSignal as Table } from "./gen/flatbuffers/gsp/gsp-signal.ts"
import { SIGNAL_MAX_BYTES } from "./message.ts"
import type { SignalCodec } from "./message.ts"

/** Payload format 2. A signal has many layouts; all that are valid are read. */
export const FLATBUFFERS_SIGNALS: SignalCodec = {
  format: 2,
  encode: ({ signalType, requestId, senderId, roleClaim, argsLength, args }) => {
    const builder = new Builder(SIGNAL_MAX_BYTES)
    // An empty vector is left out, as Protobuf leaves out what is empty.
    const vector = args.length === 0 ? 0 : Table.createArgsVector(builder, args)
    builder.finish(Table.createGspSignal(builder, signalType, requestId, senderId, roleClaim, argsLength, vector))
    return builder.asUint8Array().slice()
  },
  decode: (bytes) => {
    checkFlatTable(bytes, FIELDS, SIGNAL_MAX_BYTES)
    const table = Table.getRootAsGspSignal(new ByteBuffer(bytes))
    return {
      signalType: table.signalType(),
      requestId: table.requestId(),
      senderId: table.senderId(),
      roleClaim: table.roleClaim(),
      argsLength: table.argsSize(),
      args: table.argsArray()?.slice() ?? new Uint8Array(0),
    }
  },
}

const FIELDS: readonly FlatField[] = [4, 4, 4, 4, 4, "bytes"]

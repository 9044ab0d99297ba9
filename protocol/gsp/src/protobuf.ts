/** GSP signals in Protobuf. Their arguments are CBOR all the same. @module */
import { DecodeError } from "@qpc/wire"
import { decodeProtobuf, encodeProtobuf } from "@qpc/wire/protobuf"
import { GspSignalSchema } from "./gen/gbp_stack/gsp/v1/signal_pb.ts"
import { SIGNAL_MAX_BYTES } from "./message.ts"
import type { SignalCodec, SignalMessage } from "./message.ts"

/** Payload format 1; one encoding of each signal. */
export const PROTOBUF_SIGNALS: SignalCodec = {
  format: 1,
  encode: (message: SignalMessage) => encodeProtobuf(GspSignalSchema, message),
  decode: (bytes) => {
    if (bytes.length > SIGNAL_MAX_BYTES) throw new DecodeError("too_large", 0)
    const { signalType, requestId, senderId, roleClaim, argsLength, args } = decodeProtobuf(GspSignalSchema, bytes)
    return { signalType, requestId, senderId, roleClaim, argsLength, args: args.slice() }
  },
}

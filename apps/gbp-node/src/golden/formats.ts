import { CBOR_AUDIO, OPUS_MAX_BYTES } from "@qpc/gap"
import { FLATBUFFERS_AUDIO } from "@qpc/gap/flatbuffers"
import { PROTOBUF_AUDIO } from "@qpc/gap/protobuf"
import * as gbp from "@qpc/gbp"
import type { PayloadCodec } from "@qpc/gbp"
import * as gsp from "@qpc/gsp"
import { FLATBUFFERS_SIGNALS } from "@qpc/gsp/flatbuffers"
import { PROTOBUF_SIGNALS } from "@qpc/gsp/protobuf"
import * as gtp from "@qpc/gtp"
import { FLATBUFFERS_MESSAGES } from "@qpc/gtp/flatbuffers"
import { PROTOBUF_MESSAGES } from "@qpc/gtp/protobuf"
import type { CodecName, Kind } from "./golden-file.ts"

/** Both ways of one kind of message in one codec, for tests that go through all of them. */
export interface Format {
  readonly encode: (value: never) => Uint8Array
  /** @throws DecodeError, or returns `undefined`, for what is no such message */
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Longer than every control message of the tests. */
const CONTROL_ARGS_MAX_BYTES = 4096

/** The functions under test: all formats of profile 1, and of the payloads that profile 2 has in common with it. */
const FORMATS: Readonly<Record<Kind, Partial<Readonly<Record<CodecName, Format>>>>> = {
  frame: { cbor: { encode: gbp.encodeFrame1, decode: (bytes) => gbp.decodeFrame1(bytes) } },
  control: { cbor: { encode: gbp.encodeControl, decode: (bytes) => gbp.decodeControl(bytes, CONTROL_ARGS_MAX_BYTES) } },
  abort: {
    cbor: {
      encode: ({ reasonCode }: { reasonCode: number }) => gbp.encodeAbort(reasonCode),
      decode: (bytes) => ({ reasonCode: gbp.decodeAbort(bytes) }),
    },
  },
  digest_request: { cbor: { encode: gbp.encodeDigestRequest, decode: gbp.decodeDigestRequest } },
  digest_response: { cbor: { encode: gbp.encodeDigestResponse, decode: gbp.decodeDigestResponse } },
  invalid_commit: { cbor: { encode: gbp.encodeInvalidCommit, decode: gbp.decodeInvalidCommit } },
  error: { cbor: { encode: gbp.encodeErrorObject, decode: gbp.decodeErrorObject } },
  text: {
    cbor: withLimits(gtp.CBOR_MESSAGES, undefined),
    protobuf: withLimits(PROTOBUF_MESSAGES, undefined),
    flatbuffers: withLimits(FLATBUFFERS_MESSAGES, undefined),
  },
  text_ack: { cbor: { encode: gtp.encodeAcknowledgement, decode: gtp.decodeAcknowledgement } },
  manifest: { cbor: { encode: gtp.encodeManifest, decode: gtp.decodeManifest } },
  chunk: { cbor: { encode: gtp.encodeChunk, decode: (bytes) => gtp.decodeChunk(bytes) } },
  audio: {
    cbor: withLimits(CBOR_AUDIO, OPUS_MAX_BYTES),
    protobuf: withLimits(PROTOBUF_AUDIO, OPUS_MAX_BYTES),
    flatbuffers: withLimits(FLATBUFFERS_AUDIO, OPUS_MAX_BYTES),
  },
  signal: {
    cbor: withLimits(gsp.CBOR_SIGNALS, undefined),
    protobuf: withLimits(PROTOBUF_SIGNALS, undefined),
    flatbuffers: withLimits(FLATBUFFERS_SIGNALS, undefined),
  },
  // The signal type is not in the arguments: whoever reads them knows it already.
  signal_args: { cbor: { encode: gsp.encodeArgs, decode: () => undefined } },
  signal_ack: { cbor: { encode: gsp.encodeAcknowledgement, decode: gsp.decodeAcknowledgement } },
}

/** @throws Error for a kind that has no such codec */
export function formatOf(kind: Kind, codec: CodecName): Format {
  const found = FORMATS[kind][codec]
  if (found === undefined) throw new Error(`${kind} has no ${codec}`)
  return found
}

function withLimits<Message, Limits>(codec: PayloadCodec<Message, Limits>, limits: Limits): Format {
  return { encode: (message: Message) => codec.encode(message), decode: (bytes) => codec.decode(bytes, limits) }
}

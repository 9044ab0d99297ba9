import { CBOR_AUDIO } from "@qpc/gap"
import type { AudioCodec } from "@qpc/gap"
import { FLATBUFFERS_AUDIO } from "@qpc/gap/flatbuffers"
import { PROTOBUF_AUDIO } from "@qpc/gap/protobuf"
import type { PayloadFormat } from "@qpc/gbp"
import { CBOR_SIGNALS } from "@qpc/gsp"
import type { SignalCodec } from "@qpc/gsp"
import { FLATBUFFERS_SIGNALS } from "@qpc/gsp/flatbuffers"
import { PROTOBUF_SIGNALS } from "@qpc/gsp/protobuf"
import { CBOR_MESSAGES } from "@qpc/gtp"
import type { MessageCodec } from "@qpc/gtp"
import { FLATBUFFERS_MESSAGES } from "@qpc/gtp/flatbuffers"
import { PROTOBUF_MESSAGES } from "@qpc/gtp/protobuf"
import type { CodecName } from "gbp-node/golden"

/** All codecs, in the order of their numbers. */
export const CODECS: readonly CodecName[] = ["cbor", "protobuf", "flatbuffers"]
/** Of texts, in that order. */
export const TEXT_CODECS: readonly MessageCodec[] = [CBOR_MESSAGES, PROTOBUF_MESSAGES, FLATBUFFERS_MESSAGES]
/** Of audio. */
export const AUDIO_CODECS: readonly AudioCodec[] = [CBOR_AUDIO, PROTOBUF_AUDIO, FLATBUFFERS_AUDIO]
/** Of signals. */
export const SIGNAL_CODECS: readonly SignalCodec[] = [CBOR_SIGNALS, PROTOBUF_SIGNALS, FLATBUFFERS_SIGNALS]

/** `pf` of a codec. */
export const payloadFormatOf = (codec: CodecName): PayloadFormat => CODECS.indexOf(codec) as PayloadFormat
export const textCodecOf = (codec: CodecName): MessageCodec => TEXT_CODECS[payloadFormatOf(codec)]!
export const audioCodecOf = (codec: CodecName): AudioCodec => AUDIO_CODECS[payloadFormatOf(codec)]!
export const signalCodecOf = (codec: CodecName): SignalCodec => SIGNAL_CODECS[payloadFormatOf(codec)]!

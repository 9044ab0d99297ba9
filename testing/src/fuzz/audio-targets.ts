import { sframeCiphers } from "@qpc/crypto/node"
import { AudioFrameReceiver, AudioKeys, CBOR_AUDIO, OPUS_MAX_BYTES } from "@qpc/gap"
import type { AudioCodec } from "@qpc/gap"
import { FLATBUFFERS_AUDIO } from "@qpc/gap/flatbuffers"
import { PROTOBUF_AUDIO } from "@qpc/gap/protobuf"
import { audioFrameMetadata, decodeAudioFrame, encodeAudioFrame } from "@qpc/gbp"
import { decodeHeader, encodeHeader } from "@qpc/sframe"
import { concatBytes, fromHex, toGroupId } from "@qpc/wire"
import { BrokenLaw, decoderTarget } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const EPOCH = 5n
const AES_128_GCM = 4
const payload = { mediaSourceId: 100, sequence: 7, timestamp: 960n, keyPhase: 5, opus: fromHex("78aabbcc") }

/** What carries audio, from the frame to the payload. */
export function audioTargets(): FuzzTarget[] {
  return [frameTarget(), headerTarget(), ...[CBOR_AUDIO, PROTOBUF_AUDIO].map(payloadTarget), flatTarget()]
}

const zeros = (lengthBytes: number): Uint8Array => new Uint8Array(lengthBytes)
const seven = (_label: string, _context: Uint8Array, lengthBytes: number): Uint8Array => zeros(lengthBytes).fill(7)
const memberIdOf = (leafIndex: number): number | undefined => (leafIndex < 4 ? leafIndex : undefined)

/** Keys of the member at a leaf. */
function keysAt(ownLeafIndex: number): AudioKeys {
  const keys = new AudioKeys({ cipher: sframeCiphers.get(AES_128_GCM)!, context: 0n })
  keys.enterEpoch({ epoch: EPOCH, exportSecret: seven, ownLeafIndex, memberIdOf }, 0)
  return keys
}

function frameTarget(): FuzzTarget {
  const sender = keysAt(1)
  const sealed = ([0, 1, 2] as const).map((payloadFormat) => {
    const header = { groupId, epoch: EPOCH, payloadFormat }
    return encodeAudioFrame(header, sender.seal(CBOR_AUDIO.encode(payload), audioFrameMetadata(header))!)
  })
  const genuine = new Set(sealed.map(String))
  const target = decoderTarget("GBP: audio frame", sealed, (bytes) => {
    const frame = decodeAudioFrame(bytes)
    return encodeAudioFrame(frame, frame.sframe)
  })
  const receiver = new AudioFrameReceiver({ groupId, keys: keysAt(2), maySpeak: () => true })
  return {
    ...target,
    run(input) {
      const received = receiver.receive(input, 0)
      if (received.kind === "audio" && !genuine.has(String(input))) throw new BrokenLaw("a forged frame was played")
      return target.run(input)
    },
  }
}

function headerTarget(): FuzzTarget {
  const samples = [
    { kid: 3n, counter: 5n },
    { kid: 0x1234_5678n, counter: 300n },
    { kid: 2n ** 64n - 1n, counter: 2n ** 63n },
  ].map((header) => concatBytes(encodeHeader(header), new Uint8Array(20)))
  return decoderTarget("SFrame: header", samples, (bytes) => {
    const { lengthBytes, ...header } = decodeHeader(bytes)
    return concatBytes(encodeHeader(header), bytes.subarray(lengthBytes))
  })
}

function payloadTarget(codec: AudioCodec): FuzzTarget {
  const samples = [payload, { ...payload, timestamp: 2n ** 63n, sequence: 65_535, opus: new Uint8Array(200) }].map(
    (one) => codec.encode(one),
  )
  const rewrite = (bytes: Uint8Array): Uint8Array => codec.encode(codec.decode(bytes, OPUS_MAX_BYTES))
  return decoderTarget(`GAP: payload, format ${codec.format}`, samples, rewrite)
}

function fieldsOf(bytes: Uint8Array): string {
  const { opus, ...rest } = FLATBUFFERS_AUDIO.decode(bytes, OPUS_MAX_BYTES)
  return [...Object.values(rest), ...opus].join(" ")
}

/** A payload has many layouts in FlatBuffers: what is read has to be written and read as the same. */
function flatTarget(): FuzzTarget {
  const samples = [FLATBUFFERS_AUDIO.encode(payload)]
  return decoderTarget("GAP: payload, format 2", samples, (bytes) => {
    const again = FLATBUFFERS_AUDIO.encode(FLATBUFFERS_AUDIO.decode(bytes, OPUS_MAX_BYTES))
    if (fieldsOf(again) !== fieldsOf(bytes))
      throw new BrokenLaw("it is read as something else when it was written again")
    return bytes
  })
}

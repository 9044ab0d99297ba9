import { encodeAudioFrame, encodeFrame1 } from "@qpc/gbp"
import { encodeHeader, encodeMlsKid } from "@qpc/sframe"
import { concatBytes, encode, encodeCbor, toGroupId } from "@qpc/wire"

const groupId = toGroupId(Uint8Array.from({ length: 16 }, (_, i) => i))

/** A text frame of gbp/1. */
export const TEXT_1: Uint8Array = encodeFrame1({
  groupId,
  epoch: 3n,
  transitionId: 7,
  streamType: 2,
  streamId: 201,
  flags: 0x07,
  sequence: 300,
  payloadBytes: 20,
  sealed: new Uint8Array(20).fill(0xee),
  payloadFormat: 1,
})

/** A frame of gbp/2: its payload has the form of a PrivateMessage (RFC 9420 §6.3) and opens under no key. */
export const SEALED_2: Uint8Array = encodeCbor(
  new Map<string, number | Uint8Array>([
    ["v", 2],
    ["gid", groupId],
    ["ep", 3],
    [
      "pl",
      encode((writer) => {
        writer.uint16(1).uint16(2).vector(groupId).uint64(3n).uint8(1)
        writer.vector(new Uint8Array(25)).vector(new Uint8Array(28)).vector(new Uint8Array(100).fill(0xcc))
      }),
    ],
  ]),
)

/** An audio frame of gbp/2 from leaf 2. */
export const AUDIO_2: Uint8Array = encodeAudioFrame(
  { groupId, epoch: 65_539n, payloadFormat: 0 },
  concatBytes(
    encodeHeader({ kid: encodeMlsKid({ context: 0n, leafIndex: 2, epochBits: 3 }), counter: 41n }),
    new Uint8Array(56).fill(0xaa),
  ),
)

import { chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import { decodeFrame1, encodeFrame1, Profile1Endpoint } from "@qpc/gbp"
import { fromHex, toGroupId, toHex } from "@qpc/wire"
import type { GoldenSealed } from "./golden-file.ts"

const GROUP = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const EPOCH = 7n
const TRANSITION_ID = 3
const [SENDER, RECEIVER] = [2, 1]
const KEY_BYTES = 32
/** Ordered, reliable, acknowledgement requested. */
const FLAGS = 7
/** Where the stream ids of each stream type begin; a member's own lie 100 times its id behind. */
const STREAMS = { control: [0, 0], audio: [1, 2], text: [2, 1], signal: [3, 3] } as const

/** Seals an example's payload as a member of gbp/1 does. @returns what is not as in the file, if anything */
export function sealingFailure(example: GoldenSealed): string | undefined {
  const sender = endpointOf(example, SENDER)
  sender.restoreSequences(new Map([[example.streamType, example.sequence - 1]]))
  const framed = sender.send({ streamType: example.streamType, payload: fromHex(example.plaintext) })
  if (framed.kind !== "frame") return `is refused: ${framed.reason}`
  const { sequence, sealed } = decodeFrame1(framed.bytes) ?? {}
  if (sequence !== example.sequence) return `is number ${sequence}`
  const found = sealed === undefined ? "nothing" : toHex(sealed)
  return found === example.sealed ? undefined : `is sealed as ${found}`
}

/** Receives an example's payload as a member of gbp/1 does. @returns what is not as in the file, if anything */
export function openingFailure(example: GoldenSealed): string | undefined {
  const [streamType, base] = STREAMS[example.streamType]
  const bytes = encodeFrame1({
    groupId: GROUP,
    epoch: EPOCH,
    transitionId: TRANSITION_ID,
    streamType,
    streamId: base + SENDER * 100,
    flags: FLAGS,
    sequence: example.sequence,
    payloadBytes: example.sealed.length / 2,
    sealed: fromHex(example.sealed),
    payloadFormat: 0,
  })
  const received = endpointOf(example, RECEIVER).receive(bytes)
  if (received.kind !== "payload") return `is refused: ${received.reason}`
  if (received.claimedMemberId !== SENDER) return `is from ${received.claimedMemberId}`
  const found = toHex(received.plaintext)
  return found === example.plaintext ? undefined : `opens as ${found}`
}

/** An endpoint whose epoch exports the key of this example, and no other. */
function endpointOf({ label, key }: GoldenSealed, memberId: number): Profile1Endpoint {
  const endpoint = new Profile1Endpoint({
    groupId: GROUP,
    memberId,
    isMember: () => true,
    aead: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  })
  const exportSecret = (asked: string, context: Uint8Array, lengthBytes: number): Uint8Array => {
    if (asked === label && context.length === 0 && lengthBytes === KEY_BYTES) return fromHex(key)
    throw new Error(`asked for ${lengthBytes} bytes of ${asked}, not for ${KEY_BYTES} of ${label}`)
  }
  endpoint.enterEpoch({ epoch: EPOCH, transitionId: TRANSITION_ID, exportSecret })
  return endpoint
}

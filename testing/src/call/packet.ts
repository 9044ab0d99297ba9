import { concatBytes, decodedOrUndefined, decodeWhole, encode } from "@qpc/wire"

/** What people in a call send each other: audio to all, and what goes with a change of the epoch to one. */
export type Packet =
  | { readonly kind: "audio"; readonly frame: Uint8Array }
  | { readonly kind: "commit"; readonly from: number; readonly commit: Uint8Array }
  /** The sender is in this epoch, so that it need not be told how to get there. */
  | { readonly kind: "arrived"; readonly from: number; readonly epoch: bigint }

/** A packet and who is to get it; without, everybody else. */
export interface Addressed {
  readonly to?: number
  readonly packet: Packet
}

const [AUDIO, COMMIT, ARRIVED] = [0, 1, 2]

/** kind u8, then the frame · or from u8, commit · or from u8, epoch u64. */
export function encodePacket(packet: Packet): Uint8Array {
  switch (packet.kind) {
    case "audio":
      return concatBytes(Uint8Array.of(AUDIO), packet.frame)
    case "commit":
      return concatBytes(Uint8Array.of(COMMIT, packet.from), packet.commit)
    case "arrived":
      return encode((writer) => writer.uint8(ARRIVED).uint8(packet.from).uint64(packet.epoch))
  }
}

/** `undefined` for bytes that are no packet. */
export function decodePacket(bytes: Uint8Array): Packet | undefined {
  const [kind, from] = bytes
  if (kind === AUDIO) return { kind: "audio", frame: bytes.subarray(1) }
  if (kind === COMMIT && from !== undefined) return { kind: "commit", from, commit: bytes.slice(2) }
  if (kind !== ARRIVED || from === undefined) return undefined
  const epoch = decodedOrUndefined(() => decodeWhole(bytes.subarray(2), (reader) => reader.uint64()))
  return epoch === undefined ? undefined : { kind: "arrived", from, epoch }
}

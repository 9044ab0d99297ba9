/** How the payload of a frame is written down, by the names of the published packages. */
export const PayloadCodec = {
  /** Default. */
  Cbor: 0,
  Protobuf: 1,
  FlatBuffers: 2,
} as const

/** One of {@link PayloadCodec}. */
export type PayloadCodec = (typeof PayloadCodec)[keyof typeof PayloadCodec]

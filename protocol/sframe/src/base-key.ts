import { encode } from "@qpc/wire"

/** Arguments of MLS-Exporter (RFC 9420 §8.5). */
export interface KeyExport {
  readonly label: string
  readonly context: Uint8Array
  readonly lengthBytes: number
}

/** What the exporter is asked with, unless another label was agreed on. */
export const BASE_KEY_LABEL = "gbp/sframe v1"

/** How to export the base key of an epoch: the label, the epoch in 8 bytes, 32 bytes long. */
export function baseKeyExport(epoch: bigint, label: string = BASE_KEY_LABEL): KeyExport {
  return { label, context: encode((writer) => writer.uint64(epoch), 8), lengthBytes: 32 }
}
